namespace KmsTool.Simulator.Iam.Policies;

/// <summary>One statement of a key policy.</summary>
internal sealed record PolicyStatement(
    PolicyEffect Effect,
    IReadOnlyList<PrincipalPattern> Principals,
    IReadOnlyList<string> Actions,
    IReadOnlyList<string> Resources,
    IReadOnlyList<PolicyCondition> Conditions);
