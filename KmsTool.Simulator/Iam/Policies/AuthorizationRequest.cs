namespace KmsTool.Simulator.Iam.Policies;

/// <summary>What a policy is asked: may this principal do this to that resource, under these circumstances?</summary>
/// <param name="Principal">Who signed the request.</param>
/// <param name="Action">For example <c>kms:Decrypt</c>.</param>
/// <param name="Resource">The ARN of the key.</param>
/// <param name="ConditionKeys">Condition keys of the request; the dictionary compares names without regard to case.</param>
internal sealed record AuthorizationRequest(
    AwsPrincipal Principal, string Action, string Resource, IReadOnlyDictionary<string, string> ConditionKeys);
