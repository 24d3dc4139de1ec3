namespace KmsTool.Simulator.Iam.Policies;

/// <summary>One entry of a statement's <c>Principal</c>.</summary>
/// <param name="Kind">What kind of principal it names.</param>
/// <param name="Value">The account id for <see cref="PrincipalKind.Account"/>, the ARN for <see cref="PrincipalKind.Arn"/>, else <c>*</c>.</param>
internal sealed record PrincipalPattern(PrincipalKind Kind, string Value)
{
    public bool Includes(AwsPrincipal principal) => Kind switch
    {
        PrincipalKind.Everyone => true,
        PrincipalKind.Account => Value == principal.AccountId,
        // A role's ARN includes its sessions; a session's ARN only that session.
        _ => Value == principal.PrincipalArn || Value == principal.Arn,
    };
}
