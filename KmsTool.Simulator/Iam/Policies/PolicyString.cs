using System.Text;
using System.Text.RegularExpressions;

namespace KmsTool.Simulator.Iam.Policies;

/// <summary>A string of a policy in which policy variables may stand (IAM user guide, "IAM policy elements: Variables and tags").</summary>
internal sealed partial class PolicyString
{
    private readonly List<Part> _parts;

    private PolicyString(List<Part> parts) => _parts = parts;

    /// <summary>Reads a string.</summary>
    /// <param name="text">The string as written.</param>
    /// <param name="hasVariables">Whether <c>${</c> begins a variable: the policy's Version decides.</param>
    /// <param name="name">What the string is, for errors.</param>
    /// <exception cref="PolicyFormatException">A variable is malformed, unknown or multivalued.</exception>
    public static PolicyString Parse(string text, bool hasVariables, string name)
    {
        List<Part> parts = [];
        int start = 0;
        while (hasVariables && text.IndexOf("${", start, StringComparison.Ordinal) is var open and >= 0)
        {
            int close = text.IndexOf('}', open);
            if (close < 0)
            {
                throw new PolicyFormatException($"{name}: the policy variable in '{text}' has no closing brace");
            }

            if (open > start)
            {
                parts.Add(new Part(PartKind.Text, text[start..open]));
            }

            parts.Add(ParseVariable(text[(open + 2)..close], name));
            start = close + 1;
        }

        if (start < text.Length || parts.Count == 0)
        {
            parts.Add(new Part(PartKind.Text, text[start..]));
        }

        return new PolicyString(parts);
    }

    /// <summary>Reads the pattern of an ARN: all six parts, of which <c>*</c> can stand for any.</summary>
    /// <param name="text">The pattern as written.</param>
    /// <param name="hasVariables">Whether <c>${</c> begins a variable.</param>
    /// <param name="isResource">Whether variables may stand after the fifth colon only, as in <c>Resource</c>.</param>
    /// <param name="name">What the string is, for errors.</param>
    /// <exception cref="PolicyFormatException">It is not such a pattern.</exception>
    public static PolicyString ParseArn(string text, bool hasVariables, bool isResource, string name)
    {
        PolicyString arn = Parse(text, hasVariables, name);
        Part first = arn._parts[0];
        // The parts of an ARN that variables complete are known when they have values.
        if (arn._parts.Exists(part => part.Kind == PartKind.Variable) && !isResource)
        {
            return arn;
        }

        return first.Kind == PartKind.Text && ResolvedString.SplitArn(first.Text) is ["arn", ..]
            ? arn
            : throw new PolicyFormatException($"{name}: '{text}' is not an ARN of six parts"
                + (isResource ? ", with policy variables in the last one only. Write \"*\" for the key itself." : "."));
    }

    /// <summary>Puts in the variables' values; null if one has none.</summary>
    public ResolvedString? Resolve(RequestContext context)
    {
        if (_parts is [{ Kind: PartKind.Text } only])
        {
            return new ResolvedString(only.Text, []);
        }

        var text = new StringBuilder();
        List<bool> literals = [];
        foreach (Part part in _parts)
        {
            string? value = part.Kind == PartKind.Variable ? (context[part.Text] is [string first, ..] ? first : part.Default) : part.Text;
            if (value is null)
            {
                return null;
            }

            text.Append(value);
            literals.AddRange(Enumerable.Repeat(part.Kind != PartKind.Text, value.Length));
        }

        return new ResolvedString(text.ToString(), [.. literals]);
    }

    private static Part ParseVariable(string variable, string name)
    {
        if (variable is "*" or "?" or "$")
        {
            return new Part(PartKind.Literal, variable);
        }

        if (Variable().Match(variable) is not { Success: true } match)
        {
            throw new PolicyFormatException(
                $"{name}: '${{{variable}}}' is not a policy variable. Use ${{key}}, ${{key, 'default'}}, ${{*}}, ${{?}} or ${{$}}.");
        }

        var key = ConditionKey.Find(match.Groups["key"].Value);
        if (key.IsMultivalued)
        {
            throw new PolicyFormatException($"{name}: '{key.Name}' can have several values and cannot be a policy variable");
        }

        return new Part(PartKind.Variable, key.Name, match.Groups["default"] is { Success: true } text ? text.Value : null);
    }

    [GeneratedRegex(@"\A(?<key>[^\s,'{$*?]+)(, '(?<default>[^'{$*?]+)')?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Variable();

    private enum PartKind
    {
        /// <summary>Text of the policy, in which wildcards may stand.</summary>
        Text,

        /// <summary>A character that is not a wildcard: <c>${*}</c>.</summary>
        Literal,

        Variable,
    }

    private sealed record Part(PartKind Kind, string Text, string? Default = null);
}

/// <summary>A string of a policy with the values of its variables. What a variable has put in is never a wildcard.</summary>
/// <param name="text">The string.</param>
/// <param name="literals">Which of its characters are never wildcards; empty for none.</param>
internal sealed class ResolvedString(string text, bool[] literals)
{
    private const int ArnParts = 6;

    /// <summary>Gets whether it is the single wildcard that stands for anything.</summary>
    public bool IsAnything => text == "*" && literals.Length == 0;

    public bool IsEqual(string value, bool ignoreCase) =>
        text.Equals(value, ignoreCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal);

    public bool IsLike(string value) => WildcardPattern.Matches(text, value, ignoreCase: false, literals);

    /// <summary>Compares the parts of an ARN one by one, so that no wildcard reaches over a colon before the last part.</summary>
    public bool IsArnLike(string value)
    {
        string[] patterns = SplitArn(text), parts = SplitArn(value);
        if (patterns.Length != ArnParts || parts.Length != ArnParts)
        {
            return false;
        }

        int start = 0;
        for (int i = 0; i < ArnParts; i++)
        {
            bool[] partLiterals = literals.Length == 0 ? [] : literals[start..(start + patterns[i].Length)];
            if (!WildcardPattern.Matches(patterns[i], parts[i], ignoreCase: false, partLiterals))
            {
                return false;
            }

            start += patterns[i].Length + 1;
        }

        return true;
    }

    /// <summary>Splits an ARN into its six parts; none if there are fewer.</summary>
    public static string[] SplitArn(string arn) => arn.Split(':', ArnParts) is { Length: ArnParts } parts ? parts : [];
}
