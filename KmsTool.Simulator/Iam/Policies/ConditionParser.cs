using System.Text.Json;

namespace KmsTool.Simulator.Iam.Policies;

/// <summary>Reads a statement's <c>Condition</c>: operator → condition key → value or values.</summary>
internal static class ConditionParser
{
    private const string IfExistsSuffix = "IfExists";

    public static IReadOnlyList<PolicyCondition> Parse(JsonElement element)
    {
        PolicyParser.RequireObject(element, "Condition");
        List<PolicyCondition> conditions = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            (ConditionOperator conditionOperator, bool ifExists) = ParseOperator(member.Name);
            PolicyParser.RequireObject(member.Value, $"Condition operator {member.Name}");
            foreach (JsonProperty key in member.Value.EnumerateObject())
                conditions.Add(new PolicyCondition(conditionOperator, ifExists, key.Name, ReadValues(key, conditionOperator)));
        }

        return conditions;
    }

    private static (ConditionOperator Operator, bool IfExists) ParseOperator(string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
            throw new PolicyFormatException($"Condition operator {text}: ForAnyValue and ForAllValues are not supported by the simulator");

        bool ifExists = text.EndsWith(IfExistsSuffix, StringComparison.Ordinal);
        string name = ifExists ? text[..^IfExistsSuffix.Length] : text;
        ConditionOperator? known = name switch
        {
            nameof(ConditionOperator.StringEquals) => ConditionOperator.StringEquals,
            nameof(ConditionOperator.StringNotEquals) => ConditionOperator.StringNotEquals,
            nameof(ConditionOperator.StringEqualsIgnoreCase) => ConditionOperator.StringEqualsIgnoreCase,
            nameof(ConditionOperator.StringNotEqualsIgnoreCase) => ConditionOperator.StringNotEqualsIgnoreCase,
            nameof(ConditionOperator.StringLike) => ConditionOperator.StringLike,
            nameof(ConditionOperator.StringNotLike) => ConditionOperator.StringNotLike,
            nameof(ConditionOperator.Bool) => ConditionOperator.Bool,
            nameof(ConditionOperator.Null) when !ifExists => ConditionOperator.Null,
            _ => null,
        };
        return known is { } conditionOperator
            ? (conditionOperator, ifExists)
            : throw new PolicyFormatException($"Condition operator {text} is unknown to the simulator");
    }

    private static List<string> ReadValues(JsonProperty key, ConditionOperator conditionOperator)
    {
        // Which keys exist is not checked, as in AWS: a key that no request carries is simply missing.
        if (!key.Name.Contains(':', StringComparison.Ordinal))
            throw new PolicyFormatException($"Condition key '{key.Name}' has no service prefix such as kms: or aws:");

        List<string> values = [.. PolicyParser.OneOrMany(key.Value).Select(item => ReadValue(item, key.Name))];
        if (values.Count == 0)
            throw new PolicyFormatException($"Condition key '{key.Name}' has no value");
        if (conditionOperator is ConditionOperator.Bool or ConditionOperator.Null
            && values.Exists(value => !bool.TryParse(value, out _)))
        {
            throw new PolicyFormatException($"Condition key '{key.Name}' must be compared with true or false");
        }

        return values;
    }

    private static string ReadValue(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => PolicyParser.ReadString(element, $"Condition key '{name}'"),
    };
}
