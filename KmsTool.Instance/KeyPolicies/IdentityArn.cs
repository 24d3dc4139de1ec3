using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace KmsTool.Instance.KeyPolicies;

/// <summary>The ARN of a role or user, as a key policy names its principals (IAM user guide, "IAM ARNs").</summary>
internal static partial class IdentityArn
{
    /// <summary>The limit of IAM for an ARN.</summary>
    private const int MaxLength = 2048;

    private const string Example = "arn:aws:iam::111122223333:role/NAME";

    /// <summary>Whether it is the ARN of a role.</summary>
    public static bool IsRole(string text, [NotNullWhen(false)] out string? error) => Check(text, mayBeUser: false, out error);

    /// <summary>Whether it is the ARN of a role or of a user.</summary>
    public static bool IsRoleOrUser(string text, [NotNullWhen(false)] out string? error) => Check(text, mayBeUser: true, out error);

    private static bool Check(string text, bool mayBeUser, [NotNullWhen(false)] out string? error)
    {
        Match match = text.Length <= MaxLength ? Pattern().Match(text) : Match.Empty;
        error = match.Groups["kind"].Value switch
        {
            "role" => null,
            "user" => mayBeUser ? null : $"'{text}' is a user; instances have roles, such as {Example}",
            // It would leave the decision to the IAM policies of the account, and so to anyone who may write those.
            "root" => $"'{text}' is the whole account; name the role, such as {Example}",
            "assumed-role" => $"'{text}' is one session of a role; name the role, such as {Example}",
            _ => $"'{text}' is not an ARN of a role{(mayBeUser ? " or user" : "")}; an example is {Example}",
        };
        return error is null;
    }

    // IAM takes more in paths (every ASCII character from ! on); what is a wildcard or a variable in a policy is among it.
    [GeneratedRegex(
        @"\Aarn:aws(-[a-z]+)*:(iam::[0-9]{12}:((?<kind>role|user)/([A-Za-z0-9_+=,.@-]{1,510}/){0,32}[A-Za-z0-9_+=,.@-]{1,64}|(?<kind>root))|sts::[0-9]{12}:(?<kind>assumed-role)/[!-~]{1,512})\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
