using System.Text.Json;

namespace KmsTool.Simulator.Iam.Policies;

/// <summary>A policy that is malformed, or that uses what the simulator does not know.</summary>
internal sealed class PolicyFormatException(string message) : Exception(message);

/// <summary>
/// Reads a key policy strictly. What IAM knows and the simulator does not (further operators, condition keys and kinds of principals) is
/// refused rather than ignored: a policy that is accepted here means here what it means in AWS.
/// </summary>
internal static class PolicyParser
{
    /// <summary>The Version that has policy variables; in the older one, and without a Version, <c>${</c> is plain text.</summary>
    private const string VersionWithVariables = "2012-10-17";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <exception cref="PolicyFormatException">The text is no key policy, or one the simulator does not understand.</exception>
    public static PolicyDocument Parse(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text, Strict);
            return ReadPolicy(json.RootElement);
        }
        catch (JsonException e)
        {
            throw new PolicyFormatException($"the policy is not valid JSON: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: valid JSON, but no text.
            throw new PolicyFormatException("the policy contains a string that is not valid Unicode");
        }
    }

    private static PolicyDocument ReadPolicy(JsonElement root)
    {
        RequireObject(root, "the policy");
        bool hasVariables = root.TryGetProperty("Version", out JsonElement version) && ReadVersion(version) == VersionWithVariables;
        List<PolicyStatement>? statements = null;
        foreach (JsonProperty member in root.EnumerateObject())
        {
            switch (member.Name)
            {
                case "Version":
                    break;
                case "Id":
                    ReadString(member.Value, "Id");
                    break;
                case "Statement":
                    statements = [.. OneOrMany(member.Value).Select(statement => ReadStatement(statement, hasVariables))];
                    break;
                default:
                    throw new PolicyFormatException($"the policy has an unknown element '{member.Name}'");
            }
        }

        return statements is { Count: > 0 }
            ? new PolicyDocument(statements)
            : throw new PolicyFormatException("the policy has no Statement");
    }

    private static string ReadVersion(JsonElement element) =>
        ReadString(element, "Version") is (VersionWithVariables or "2008-10-17") and var version
            ? version
            : throw new PolicyFormatException("Version must be 2012-10-17 or 2008-10-17");

    private static PolicyStatement ReadStatement(JsonElement element, bool hasVariables)
    {
        RequireObject(element, "a Statement");
        PolicyEffect? effect = null;
        PolicyElement<PolicyPrincipal>? principals = null;
        PolicyElement<string>? actions = null;
        PolicyElement<PolicyString>? resources = null;
        IReadOnlyList<PolicyCondition> conditions = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            string name = member.Name;
            switch (name)
            {
                case "Sid":
                    ReadString(member.Value, name);
                    break;
                case "Effect":
                    effect = ReadString(member.Value, name) switch
                    {
                        "Allow" => PolicyEffect.Allow,
                        "Deny" => PolicyEffect.Deny,
                        _ => throw new PolicyFormatException("Effect must be Allow or Deny"),
                    };
                    break;
                case "Principal" or "NotPrincipal":
                    SetOnce(ref principals, name, PolicyPrincipal.ParseAll(member.Value, name));
                    break;
                case "Action" or "NotAction":
                    SetOnce(ref actions, name, ReadActions(member.Value, name));
                    break;
                case "Resource" or "NotResource":
                    SetOnce(
                        ref resources, name, [.. ReadStrings(member.Value, name).Select(text => ReadResource(text, hasVariables, name))]);
                    break;
                case "Condition":
                    conditions = PolicyCondition.ParseAll(member.Value, hasVariables);
                    break;
                default:
                    throw new PolicyFormatException($"a Statement has an unknown element '{name}'");
            }
        }

        // IAM user guide, "NotPrincipal": with Allow it is not supported.
        if (effect == PolicyEffect.Allow && principals is { IsNegated: true })
        {
            throw new PolicyFormatException(
                "NotPrincipal can be used with the Effect Deny only. Use Principal with a Condition on aws:PrincipalArn.");
        }

        return new PolicyStatement(
            effect ?? throw Missing("Effect"),
            principals ?? throw Missing("Principal"),
            actions ?? throw Missing("Action"),
            resources ?? throw Missing("Resource"),
            conditions);
    }

    private static PolicyFormatException Missing(string name) => new($"a Statement has no {name}");

    private static void SetOnce<T>(ref PolicyElement<T>? element, string name, IReadOnlyList<T> items)
    {
        const string Negation = "Not";
        bool isNegated = name.StartsWith(Negation, StringComparison.Ordinal);
        if (element is not null)
        {
            throw new PolicyFormatException($"a Statement has both {name} and {(isNegated ? name[Negation.Length..] : Negation + name)}");
        }

        element = new PolicyElement<T>(items, isNegated);
    }

    private static IReadOnlyList<string> ReadActions(JsonElement element, string name)
    {
        IReadOnlyList<string> actions = ReadStrings(element, name);
        foreach (string action in actions)
        {
            if (action != "*" && !(action.StartsWith("kms:", StringComparison.OrdinalIgnoreCase) && action.All(IsActionCharacter)))
            {
                throw new PolicyFormatException($"{name} '{action}' is not a KMS action. Write kms:<Operation>, kms:* or *.");
            }
        }

        return actions;
    }

    private static bool IsActionCharacter(char character) => char.IsAsciiLetterOrDigit(character) || character is ':' or '*' or '?';

    private static PolicyString ReadResource(string text, bool hasVariables, string name) => text == "*"
        ? PolicyString.Parse(text, hasVariables, name)
        : PolicyString.ParseArn(text, hasVariables, isResource: true, name);

    /// <summary>Reads a string, or a non-empty array of strings.</summary>
    internal static IReadOnlyList<string> ReadStrings(JsonElement element, string name)
    {
        List<string> values = [.. OneOrMany(element).Select(item => ReadString(item, name))];
        return values.Count > 0 ? values : throw new PolicyFormatException($"{name} is empty");
    }

    internal static string ReadString(JsonElement element, string name) => element.ValueKind == JsonValueKind.String
        ? element.GetString()!
        : throw new PolicyFormatException($"{name} must be a string");

    internal static void RequireObject(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new PolicyFormatException($"{name} must be a JSON object");
        }
    }

    internal static IEnumerable<JsonElement> OneOrMany(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [element];
}
