using System.Collections.Frozen;
using System.Text.Json;

namespace KmsTool.Simulator.Iam.Policies;

/// <summary>
/// One condition: an operator, a condition key and the values that those of the request are compared with (IAM user guide, "IAM JSON
/// policy elements: Condition operators").
/// </summary>
/// <param name="Key">The condition key as written.</param>
/// <param name="Values">The values as written.</param>
/// <param name="IsMet">Returns whether a request meets the condition.</param>
internal sealed record PolicyCondition(string Key, IReadOnlyList<string> Values, Func<RequestContext, bool> IsMet)
{
    private const string IfExistsSuffix = "IfExists";
    private const string NullName = "Null";

    private static readonly FrozenDictionary<string, Operator> Operators = ListOperators();

    /// <summary>Prepares a value of the policy for a request; null if a variable in it has no value there.</summary>
    private delegate Func<string, bool>? PolicyValue(RequestContext context);

    private enum SetOperator
    {
        None,
        ForAnyValue,
        ForAllValues,
    }

    /// <summary>Reads a statement's <c>Condition</c>: operator → condition key → value or values.</summary>
    /// <exception cref="PolicyFormatException">It is malformed, or the simulator does not know an operator or key.</exception>
    public static IReadOnlyList<PolicyCondition> ParseAll(JsonElement element, bool hasVariables)
    {
        PolicyParser.RequireObject(element, "Condition");
        List<PolicyCondition> conditions = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            PolicyParser.RequireObject(member.Value, $"Condition operator {member.Name}");
            var keys = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (JsonProperty key in member.Value.EnumerateObject())
            {
                if (!keys.Add(key.Name))
                {
                    throw new PolicyFormatException($"Condition operator {member.Name} names the key '{key.Name}' twice");
                }

                conditions.Add(Parse(member.Name, ConditionKey.Find(key.Name), ReadValues(key), hasVariables));
            }
        }

        return conditions;
    }

    private static PolicyCondition Parse(string operatorName, ConditionKey key, List<string> values, bool hasVariables)
    {
        string name = $"Condition {operatorName} of '{key.Name}'";
        if (operatorName == NullName)
        {
            List<bool> wanted =
                [.. values.Select(text => ConditionValues.ReadBoolean(text) ?? throw Unreadable(name, text, "true or false"))];
            return new PolicyCondition(key.Name, values, context => wanted.Contains(context[key.Name].Count == 0));
        }

        (SetOperator set, Operator comparison, bool ifExists) = ParseOperator(operatorName);
        if (!comparison.Types.Contains(key.Type))
        {
            throw new PolicyFormatException($"{name}: the operator does not compare values of this key");
        }

        if (key.IsMultivalued && set == SetOperator.None)
        {
            throw new PolicyFormatException(
                $"{name}: the key can have several values. Put ForAnyValue: or ForAllValues: before the operator.");
        }

        if (set == SetOperator.ForAllValues && key.IsRefusedWithForAllValues)
        {
            throw new PolicyFormatException(
                $"{name}: OverlyPermissiveCondition: ForAllValues matches requests without the key. Remove ForAllValues.");
        }

        // Where the request lacks the key, operators that ask for a match fail and negated ones hold.
        bool isMetIfMissing = ifExists || set == SetOperator.ForAllValues || (set == SetOperator.None && comparison.IsNegated);
        List<PolicyValue> wantedValues = [.. values.Select(text => comparison.Read(text, hasVariables, name))];
        return new PolicyCondition(
            key.Name, values, context => context[key.Name] is { Count: > 0 } actual ? IsMet(context, actual) : isMetIfMissing);

        bool IsMet(RequestContext context, IReadOnlyList<string> actual)
        {
            List<Func<string, bool>?> tests = [.. wantedValues.Select(value => value(context))];
            if (tests.Contains(null))
            {
                return false;
            }

            bool Holds(string value) => tests.Exists(test => test!(value)) != comparison.IsNegated;
            return set == SetOperator.ForAllValues ? actual.All(Holds) : actual.Any(Holds);
        }
    }

    private static (SetOperator Set, Operator Comparison, bool IfExists) ParseOperator(string text)
    {
        (SetOperator set, string name) = text.Split(':', 2) switch
        {
            [nameof(SetOperator.ForAnyValue), var rest] => (SetOperator.ForAnyValue, rest),
            [nameof(SetOperator.ForAllValues), var rest] => (SetOperator.ForAllValues, rest),
            _ => (SetOperator.None, text),
        };
        bool ifExists = name.EndsWith(IfExistsSuffix, StringComparison.Ordinal);
        return Operators.TryGetValue(ifExists ? name[..^IfExistsSuffix.Length] : name, out Operator? comparison)
            ? (set, comparison, ifExists)
            : throw new PolicyFormatException($"Condition operator {text} is unknown to the simulator");
    }

    private static List<string> ReadValues(JsonProperty key)
    {
        List<string> values = [.. PolicyParser.OneOrMany(key.Value).Select(item => ReadValue(item, key.Name))];
        return values.Count > 0 ? values : throw new PolicyFormatException($"Condition key '{key.Name}' has no value");
    }

    private static string ReadValue(JsonElement element, string name) => element.ValueKind switch
    {
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number => element.GetRawText(),
        _ => PolicyParser.ReadString(element, $"Condition key '{name}'"),
    };

    private static PolicyFormatException Unreadable(string name, string text, string kind) => new($"{name}: '{text}' is not {kind}");

    private static FrozenDictionary<string, Operator> ListOperators()
    {
        Dictionary<string, Operator> operators = [];
        Add("StringEquals", "StringNotEquals", Text((wanted, actual) => wanted.IsEqual(actual, ignoreCase: false)));
        Add("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", Text((wanted, actual) => wanted.IsEqual(actual, ignoreCase: true)));
        Add("StringLike", "StringNotLike", Text((wanted, actual) => wanted.IsLike(actual)));
        Add("ArnEquals", "ArnNotEquals", Arn());
        Add("ArnLike", "ArnNotLike", Arn());
        Add("Bool", null, new(
            [ConditionKeyType.Boolean],
            Typed(ConditionValues.ReadBoolean, "true or false", (actual, wanted) => actual == wanted)));
        Add("IpAddress", "NotIpAddress", new(
            [ConditionKeyType.IpAddress],
            Typed(
                ConditionValues.ReadAddressRange,
                "an IP address or range such as 203.0.113.0/24",
                (actual, wanted) => wanted.Contains(actual.Address))));
        AddOrder("Numeric", ConditionKeyType.Number, ConditionValues.ReadNumber, "a number");
        AddOrder("Date", ConditionKeyType.Date, ConditionValues.ReadDate, "a date such as 2026-01-31T12:00:00Z");
        return operators.ToFrozenDictionary();

        void Add(string name, string? negatedName, Operator comparison)
        {
            operators.Add(name, comparison);
            if (negatedName is not null)
            {
                operators.Add(negatedName, comparison with { IsNegated = true });
            }
        }

        void AddOrder<T>(string prefix, ConditionKeyType type, Func<string, T?> read, string kind)
            where T : struct, IComparable<T>
        {
            Operator order(Func<int, bool> holds) =>
                new([type, ConditionKeyType.EpochTime], Typed(read, kind, (actual, wanted) => holds(actual.CompareTo(wanted))));
            Add(prefix + "Equals", prefix + "NotEquals", order(result => result == 0));
            Add(prefix + "LessThan", null, order(result => result < 0));
            Add(prefix + "LessThanEquals", null, order(result => result <= 0));
            Add(prefix + "GreaterThan", null, order(result => result > 0));
            Add(prefix + "GreaterThanEquals", null, order(result => result >= 0));
        }
    }

    private static Operator Text(Func<ResolvedString, string, bool> compare) => new(
        [ConditionKeyType.Text, ConditionKeyType.Arn, ConditionKeyType.Boolean, ConditionKeyType.IpAddress],
        (text, hasVariables, name) => WithVariables(PolicyString.Parse(text, hasVariables, name), compare));

    private static Operator Arn() => new(
        [ConditionKeyType.Arn, ConditionKeyType.Text],
        (text, hasVariables, name) => WithVariables(
            PolicyString.ParseArn(text, hasVariables, isResource: false, name), (wanted, actual) => wanted.IsArnLike(actual)));

    private static PolicyValue WithVariables(PolicyString wanted, Func<ResolvedString, string, bool> compare) =>
        context => wanted.Resolve(context) is { } resolved ? actual => compare(resolved, actual) : null;

    // Values of these types take no variables: a text with one is not such a value.
    private static Func<string, bool, string, PolicyValue> Typed<T>(Func<string, T?> read, string kind, Func<T, T, bool> compare)
        where T : struct =>
        (text, _, name) =>
        {
            T wanted = read(text) ?? throw Unreadable(name, text, kind);
            return _ => actual => read(actual) is { } value && compare(value, wanted);
        };

    /// <param name="Types">The types of keys that it compares.</param>
    /// <param name="Read">Reads a value of the policy from its text, whether that may have variables, and what it is, for errors.</param>
    private sealed record Operator(ConditionKeyType[] Types, Func<string, bool, string, PolicyValue> Read)
    {
        public bool IsNegated { get; init; }
    }
}
