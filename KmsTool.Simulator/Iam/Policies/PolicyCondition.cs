namespace KmsTool.Simulator.Iam.Policies;

/// <summary>One condition: an operator, a key and the values it is compared with.</summary>
/// <param name="Operator">The operator without its suffix.</param>
/// <param name="IfExists">Whether the operator carried the suffix <c>IfExists</c>.</param>
/// <param name="Key">The condition key as written; compared without regard to case.</param>
/// <param name="Values">One or more values; any of them may match.</param>
internal sealed record PolicyCondition(ConditionOperator Operator, bool IfExists, string Key, IReadOnlyList<string> Values)
{
    /// <summary>
    /// Whether the condition holds. Where the request lacks the key, operators that ask for a match fail and negated
    /// ones hold (IAM user guide, "IAM JSON policy elements: Condition operators").
    /// </summary>
    public bool IsMet(IReadOnlyDictionary<string, string> requestKeys)
    {
        bool exists = requestKeys.TryGetValue(Key, out string? actual);
        if (Operator == ConditionOperator.Null)
            return Values.Any(wanted => wanted.Equals(exists ? "false" : "true", StringComparison.OrdinalIgnoreCase));
        if (!exists)
            return IfExists || IsNegated;
        return IsNegated != Values.Any(wanted => Matches(wanted, actual!));
    }

    private bool IsNegated => Operator is ConditionOperator.StringNotEquals
        or ConditionOperator.StringNotEqualsIgnoreCase
        or ConditionOperator.StringNotLike;

    private bool Matches(string wanted, string actual) => Operator switch
    {
        ConditionOperator.StringEquals or ConditionOperator.StringNotEquals => wanted == actual,
        ConditionOperator.StringLike or ConditionOperator.StringNotLike => WildcardPattern.Matches(wanted, actual, ignoreCase: false),
        _ => wanted.Equals(actual, StringComparison.OrdinalIgnoreCase),
    };
}
