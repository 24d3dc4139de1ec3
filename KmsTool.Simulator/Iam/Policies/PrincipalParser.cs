using System.Text.Json;
using System.Text.RegularExpressions;

namespace KmsTool.Simulator.Iam.Policies;

/// <summary>Reads a statement's <c>Principal</c>: <c>"*"</c>, or <c>{"AWS": …}</c> with account ids and ARNs.</summary>
internal static partial class PrincipalParser
{
    public static IReadOnlyList<PrincipalPattern> Parse(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            return PolicyParser.ReadString(element, "Principal") == "*"
                ? [new PrincipalPattern(PrincipalKind.Everyone, "*")]
                : throw new PolicyFormatException("Principal must be \"*\" or an object such as {\"AWS\": \"arn:aws:iam::…\"}");
        }

        PolicyParser.RequireObject(element, "Principal");
        List<PrincipalPattern> principals = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            if (member.Name != "AWS")
                throw new PolicyFormatException($"Principal type '{member.Name}' is not supported by the simulator; it knows AWS");
            principals.AddRange(PolicyParser.ReadStrings(member.Value, "Principal").Select(ParseOne));
        }

        return principals.Count > 0 ? principals : throw new PolicyFormatException("Principal is empty");
    }

    private static PrincipalPattern ParseOne(string text)
    {
        if (text == "*")
            return new PrincipalPattern(PrincipalKind.Everyone, text);
        if (Account().Match(text) is { Success: true } account)
            return new PrincipalPattern(PrincipalKind.Account, account.Groups["id"].Value);
        return Identity().IsMatch(text)
            ? new PrincipalPattern(PrincipalKind.Arn, text)
            : throw new PolicyFormatException(
                $"Principal '{text}' is neither an account, nor the ARN of a user, role or role session; wildcards are not allowed in it");
    }

    [GeneratedRegex(@"\A(arn:aws[a-z-]*:iam::(?<id>[0-9]{12}):root|(?<id>[0-9]{12}))\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Account();

    [GeneratedRegex(@"\Aarn:aws[a-z-]*:(iam::[0-9]{12}:(user|role)|sts::[0-9]{12}:assumed-role/[\w+=,.@-]{1,64})/[\w+=,.@/-]{1,512}\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Identity();
}
