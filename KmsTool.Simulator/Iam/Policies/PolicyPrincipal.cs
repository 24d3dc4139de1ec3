using System.Text.Json;
using System.Text.RegularExpressions;

namespace KmsTool.Simulator.Iam.Policies;

internal enum PrincipalKind
{
    /// <summary><c>*</c></summary>
    Everyone,

    /// <summary>An account, by id or by the ARN of its root.</summary>
    Account,

    /// <summary>One user, role or role session.</summary>
    Arn,

    /// <summary>An AWS service. No service calls the simulator.</summary>
    Service,
}

/// <summary>One entry of a statement's <c>Principal</c> or <c>NotPrincipal</c>.</summary>
/// <param name="Kind">The kind of principal.</param>
/// <param name="Value">The account id, ARN or name of the service; <c>*</c> for everyone.</param>
internal sealed partial record PolicyPrincipal(PrincipalKind Kind, string Value)
{
    private static readonly PolicyPrincipal Everyone = new(PrincipalKind.Everyone, "*");

    /// <summary>Reads <c>"*"</c>, or an object with <c>AWS</c> and <c>Service</c>.</summary>
    /// <exception cref="PolicyFormatException">It names a principal of another kind, or a part of one.</exception>
    public static IReadOnlyList<PolicyPrincipal> ParseAll(JsonElement element, string name)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            return PolicyParser.ReadString(element, name) == "*"
                ? [Everyone]
                : throw new PolicyFormatException($"{name} must be \"*\" or an object such as {{\"AWS\": \"arn:aws:iam::…\"}}");
        }

        PolicyParser.RequireObject(element, name);
        List<PolicyPrincipal> principals = [];
        foreach (JsonProperty member in element.EnumerateObject())
        {
            Func<string, PolicyPrincipal> parse = member.Name switch
            {
                "AWS" => ParseAws,
                "Service" => ParseService,
                _ => throw new PolicyFormatException(
                    $"Principal type '{member.Name}' is not supported by the simulator. Use AWS or Service."),
            };
            principals.AddRange(PolicyParser.ReadStrings(member.Value, name).Select(parse));
        }

        return principals.Count > 0 ? principals : throw new PolicyFormatException($"{name} is empty");
    }

    public bool Includes(AwsPrincipal principal) => Kind switch
    {
        PrincipalKind.Everyone => true,
        PrincipalKind.Account => Value == principal.AccountId,
        // A role's ARN includes its sessions; a session's ARN only that session.
        PrincipalKind.Arn => Value == principal.PrincipalArn || Value == principal.Arn,
        _ => false,
    };

    private static PolicyPrincipal ParseAws(string text)
    {
        if (text == "*")
        {
            return Everyone;
        }

        if (Account().Match(text) is { Success: true } account)
        {
            return new PolicyPrincipal(PrincipalKind.Account, account.Groups["id"].Value);
        }

        return Identity().IsMatch(text)
            ? new PolicyPrincipal(PrincipalKind.Arn, text)
            : throw new PolicyFormatException(
                $"Principal '{text}' is neither an account, nor the ARN of a user, role or role session; wildcards are not allowed in it");
    }

    private static PolicyPrincipal ParseService(string text) => Service().IsMatch(text)
        ? new PolicyPrincipal(PrincipalKind.Service, text)
        : throw new PolicyFormatException($"Principal '{text}' is not the name of an AWS service, such as logs.us-east-1.amazonaws.com");

    [GeneratedRegex(@"\A(arn:aws[a-z-]*:iam::(?<id>[0-9]{12}):root|(?<id>[0-9]{12}))\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Account();

    [GeneratedRegex(
        @"\Aarn:aws[a-z-]*:(iam::[0-9]{12}:(user|role)|sts::[0-9]{12}:assumed-role/[\w+=,.@-]{1,64})/[\w+=,.@/-]{1,512}\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Identity();

    [GeneratedRegex(@"\A([a-z0-9-]+\.)+amazonaws\.com(\.cn)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Service();
}
