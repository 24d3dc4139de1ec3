namespace KmsTool.Simulator.Iam.Policies;

internal enum PrincipalKind
{
    /// <summary><c>*</c></summary>
    Everyone,

    /// <summary>An account, by id or by the ARN of its root: leaves the decision to the account's IAM policies.</summary>
    Account,

    /// <summary>One user, role or role session.</summary>
    Arn,
}
