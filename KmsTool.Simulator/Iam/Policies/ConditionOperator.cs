namespace KmsTool.Simulator.Iam.Policies;

/// <summary>The condition operators the simulator knows, named as in IAM.</summary>
internal enum ConditionOperator
{
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    Bool,
    Null,
}
