using System.Text;
using System.Text.Json;

namespace KmsTool.Simulator.Iam.Policies;

/// <summary>
/// Reads a key policy strictly. What IAM knows and the simulator does not (NotPrincipal, NotAction, policy variables,
/// further operators) is refused rather than ignored: a policy that is accepted here means here what it means in AWS.
/// </summary>
internal static class PolicyParser
{
    /// <summary>The size limit of a key policy, in bytes of UTF-8 (KMS developer guide, "Resource quotas").</summary>
    public const int MaxLength = 32 * 1024;

    private const string PolicyVariable = "${";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <exception cref="PolicyFormatException">The text is no key policy, or one the simulator does not understand.</exception>
    public static PolicyDocument Parse(string text)
    {
        if (Encoding.UTF8.GetByteCount(text) > MaxLength)
            throw new PolicyFormatException($"the policy is larger than {MaxLength} bytes");
        try
        {
            using JsonDocument json = JsonDocument.Parse(text, Strict);
            return ReadPolicy(json.RootElement);
        }
        catch (JsonException e)
        {
            throw new PolicyFormatException($"the policy is no valid JSON: {e.Message}");
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: valid JSON, but no text.
            throw new PolicyFormatException("the policy contains a string that is no valid Unicode");
        }
    }

    private static PolicyDocument ReadPolicy(JsonElement root)
    {
        RequireObject(root, "the policy");
        List<PolicyStatement>? statements = null;
        foreach (JsonProperty member in root.EnumerateObject())
        {
            switch (member.Name)
            {
                case "Version":
                    if (ReadString(member.Value, "Version") is not ("2012-10-17" or "2008-10-17"))
                        throw new PolicyFormatException("Version must be 2012-10-17 or 2008-10-17");
                    break;
                case "Id":
                    ReadString(member.Value, "Id");
                    break;
                case "Statement":
                    statements = [.. OneOrMany(member.Value).Select(ReadStatement)];
                    break;
                default:
                    throw new PolicyFormatException($"the policy has an unknown element '{member.Name}'");
            }
        }

        return statements is { Count: > 0 }
            ? new PolicyDocument(statements)
            : throw new PolicyFormatException("the policy has no Statement");
    }

    private static PolicyStatement ReadStatement(JsonElement element)
    {
        RequireObject(element, "a Statement");
        PolicyEffect? effect = null;
        IReadOnlyList<PrincipalPattern>? principals = null;
        IReadOnlyList<string>? actions = null, resources = null;
        IReadOnlyList<PolicyCondition> conditions = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            switch (member.Name)
            {
                case "Sid":
                    ReadString(member.Value, "Sid");
                    break;
                case "Effect":
                    effect = ReadString(member.Value, "Effect") switch
                    {
                        "Allow" => PolicyEffect.Allow,
                        "Deny" => PolicyEffect.Deny,
                        _ => throw new PolicyFormatException("Effect must be Allow or Deny"),
                    };
                    break;
                case "Principal":
                    principals = PrincipalParser.Parse(member.Value);
                    break;
                case "Action":
                    actions = ReadActions(member.Value);
                    break;
                case "Resource":
                    resources = ReadStrings(member.Value, "Resource");
                    break;
                case "Condition":
                    conditions = ConditionParser.Parse(member.Value);
                    break;
                case "NotPrincipal" or "NotAction" or "NotResource":
                    throw new PolicyFormatException($"{member.Name} is not supported by the simulator; list what is meant instead");
                default:
                    throw new PolicyFormatException($"a Statement has an unknown element '{member.Name}'");
            }
        }

        return new PolicyStatement(
            effect ?? throw Missing("Effect"),
            principals ?? throw Missing("Principal"),
            actions ?? throw Missing("Action"),
            resources ?? throw Missing("Resource"),
            conditions);
    }

    private static PolicyFormatException Missing(string name) => new($"a Statement has no {name}");

    private static IReadOnlyList<string> ReadActions(JsonElement element)
    {
        IReadOnlyList<string> actions = ReadStrings(element, "Action");
        foreach (string action in actions)
        {
            if (action != "*" && !action.StartsWith("kms:", StringComparison.OrdinalIgnoreCase))
                throw new PolicyFormatException($"Action '{action}' is no KMS action; write kms:<Operation>, kms:* or *");
        }

        return actions;
    }

    /// <summary>Reads a string, or a non-empty array of strings.</summary>
    internal static IReadOnlyList<string> ReadStrings(JsonElement element, string name)
    {
        List<string> values = [.. OneOrMany(element).Select(item => ReadString(item, name))];
        return values.Count > 0 ? values : throw new PolicyFormatException($"{name} is empty");
    }

    internal static string ReadString(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.String)
            throw new PolicyFormatException($"{name} must be a string");
        string value = element.GetString()!;
        return value.Contains(PolicyVariable, StringComparison.Ordinal)
            ? throw new PolicyFormatException($"{name} contains a policy variable, which the simulator does not support")
            : value;
    }

    internal static void RequireObject(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new PolicyFormatException($"{name} must be a JSON object");
    }

    internal static IEnumerable<JsonElement> OneOrMany(JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [element];
}
