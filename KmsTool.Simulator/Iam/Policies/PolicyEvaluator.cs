namespace KmsTool.Simulator.Iam.Policies;

/// <summary>Evaluates a key policy: a Deny that applies wins, then an Allow that applies, else nothing is allowed.</summary>
internal static class PolicyEvaluator
{
    public static AuthorizationDecision Evaluate(PolicyDocument policy, AuthorizationRequest request)
    {
        AuthorizationDecision decision = AuthorizationDecision.NotAllowed;
        foreach (PolicyStatement statement in policy.Statements)
        {
            if (!Applies(statement, request))
                continue;
            if (statement.Effect == PolicyEffect.Deny)
                return AuthorizationDecision.Denied;
            decision = AuthorizationDecision.Allowed;
        }

        return decision;
    }

    private static bool Applies(PolicyStatement statement, AuthorizationRequest request) =>
        statement.Principals.Any(pattern => Applies(pattern, statement.Effect, request))
        && statement.Actions.Any(action => WildcardPattern.Matches(action, request.Action, ignoreCase: true))
        && statement.Resources.Any(resource => WildcardPattern.Matches(resource, request.Resource, ignoreCase: false))
        && statement.Conditions.All(condition => condition.IsMet(request.ConditionKeys));

    // Allowing an account hands the decision to the account's IAM policies; denying it denies everyone in it.
    private static bool Applies(PrincipalPattern pattern, PolicyEffect effect, AuthorizationRequest request) =>
        pattern.Includes(request.Principal)
        && (effect == PolicyEffect.Deny || pattern.Kind != PrincipalKind.Account || request.Principal.IsAllowedByIam(request.Action));
}
