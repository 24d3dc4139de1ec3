namespace KmsTool.Simulator.Iam;

/// <summary>Who signed a request.</summary>
/// <param name="Arn">What messages and GetCallerIdentity show: the user, or the session of a role.</param>
/// <param name="PrincipalArn">The value of <c>aws:PrincipalArn</c>: the user, or the role behind the session.</param>
/// <param name="AccountId">The twelve digits of the account.</param>
/// <param name="UserId">The unique id that GetCallerIdentity shows.</param>
/// <param name="IsAdministrator">Whether the principal's own IAM policies allow every action.</param>
internal sealed record AwsPrincipal(string Arn, string PrincipalArn, string AccountId, string UserId, bool IsAdministrator)
{
    // It concerns no key, so that no key policy can allow it.
    private const string AllowedToRoles = "kms:GenerateRandom";

    /// <summary>Gets the value of <c>aws:PrincipalType</c>.</summary>
    public string Type => IsUser ? "User" : "AssumedRole";

    /// <summary>Gets the value of <c>aws:username</c>, which roles do not have.</summary>
    public string? UserName => IsUser ? Arn[(Arn.LastIndexOf('/') + 1)..] : null;

    private bool IsUser => Arn == PrincipalArn;

    /// <summary>The administrator: a user whom IAM allows everything.</summary>
    public static AwsPrincipal Administrator(AwsAccount account)
    {
        string arn = account.UserArn("administrator");
        return new AwsPrincipal(arn, arn, account.Id, UniqueId.Derive("AIDA", arn), IsAdministrator: true);
    }

    /// <summary>A session of a role; the IAM policy that every role has here allows it kms:GenerateRandom and nothing else.</summary>
    public static AwsPrincipal RoleSession(AwsAccount account, string roleName, string sessionName)
    {
        string arn = account.RoleArn(roleName);
        return new AwsPrincipal(
            account.SessionArn(roleName, sessionName), arn, account.Id, $"{UniqueId.Derive("AROA", arn)}:{sessionName}", IsAdministrator: false);
    }

    /// <summary>
    /// Whether the principal's own IAM policies allow an action; where they do not, only a key policy that names the
    /// principal can.
    /// </summary>
    public bool IsAllowedByIam(string action) => IsAdministrator || action == AllowedToRoles;
}
