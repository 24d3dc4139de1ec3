namespace KmsTool.Simulator.Iam.Policies;

internal enum PolicyEffect
{
    Allow,
    Deny,
}

/// <summary>A parsed key policy.</summary>
internal sealed record PolicyDocument(IReadOnlyList<PolicyStatement> Statements);

/// <summary>One statement of a key policy.</summary>
internal sealed record PolicyStatement(
    PolicyEffect Effect,
    PolicyElement<PolicyPrincipal> Principals,
    PolicyElement<string> Actions,
    PolicyElement<PolicyString> Resources,
    IReadOnlyList<PolicyCondition> Conditions)
{
    public bool Applies(AuthorizationRequest request) =>
        AppliesTo(request.Principal, request.Action)
        && Actions.Matches(action => WildcardPattern.Matches(action, request.Action, ignoreCase: true))
        && AppliesTo(request.Resource, request.Context)
        && Conditions.All(condition => condition.IsMet(request.Context));

    private bool AppliesTo(AwsPrincipal caller, string action)
    {
        // NotPrincipal exempts a caller only if the whole chain is listed: the account, the role of a session, and the user or session
        // (IAM user guide, "NotPrincipal").
        if (Principals.IsNegated)
        {
            return !Principals.Items.Any(principal => principal.Kind == PrincipalKind.Everyone)
                && !(Names(PrincipalKind.Account, caller.AccountId)
                    && Names(PrincipalKind.Arn, caller.PrincipalArn)
                    && Names(PrincipalKind.Arn, caller.Arn));
        }

        // Allowing an account leaves the decision to its IAM policies; denying one denies every caller in it.
        return Principals.Items.Any(principal =>
            principal.Includes(caller)
            && (Effect == PolicyEffect.Deny || principal.Kind != PrincipalKind.Account || caller.IsAllowedByIam(action)));
    }

    private bool Names(PrincipalKind kind, string value) => Principals.Items.Contains(new PolicyPrincipal(kind, value));

    // A variable without a value keeps the statement from applying, whichever resource it is part of.
    private bool AppliesTo(string resource, RequestContext context)
    {
        List<ResolvedString?> resolved = [.. Resources.Items.Select(item => item.Resolve(context))];
        return !resolved.Contains(null) && resolved.Exists(item => item!.IsAnything || item.IsArnLike(resource)) != Resources.IsNegated;
    }
}

/// <summary>The items of an element that has a negated form, such as <c>Action</c> and <c>NotAction</c>.</summary>
internal sealed record PolicyElement<T>(IReadOnlyList<T> Items, bool IsNegated)
{
    public bool Matches(Func<T, bool> isMatch) => Items.Any(isMatch) != IsNegated;
}
