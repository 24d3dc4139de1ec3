using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms;

/// <summary>Decides whether a call is allowed, by the key policy or, where no key is concerned, by IAM alone.</summary>
internal sealed class KmsAuthorizer(AwsAccount account)
{
    /// <summary>The condition keys that every request carries.</summary>
    private Dictionary<string, string> ConditionKeys(AwsPrincipal principal) => new(StringComparer.OrdinalIgnoreCase)
    {
        ["aws:PrincipalArn"] = principal.PrincipalArn,
        ["aws:PrincipalAccount"] = principal.AccountId,
        ["aws:RequestedRegion"] = account.Region,
        ["aws:SecureTransport"] = "true",
        ["kms:CallerAccount"] = principal.AccountId,
    };

    /// <exception cref="KmsException">AccessDeniedException.</exception>
    public void Authorize(AwsPrincipal principal, string action, KmsKey key) =>
        Authorize(principal, action, key, ConditionKeys(principal));

    private static void Authorize(AwsPrincipal principal, string action, KmsKey key, IReadOnlyDictionary<string, string> conditionKeys)
    {
        AuthorizationRequest request = new(principal, action, key.Arn, conditionKeys);
        switch (PolicyEvaluator.Evaluate(key.Policy.Document, request))
        {
            case AuthorizationDecision.Denied:
                throw KmsException.AccessDenied(principal, action, key.Arn, "with an explicit deny in a resource-based policy");
            case AuthorizationDecision.NotAllowed:
                throw KmsException.AccessDenied(principal, action, key.Arn, $"because no resource-based policy allows the {action} action");
        }
    }

    /// <summary>For use of the key: how it is used, and for whom, enters as condition keys.</summary>
    /// <exception cref="KmsException">AccessDeniedException.</exception>
    public void AuthorizeUse(AwsPrincipal principal, KmsKey key, KeyUse use)
    {
        Dictionary<string, string> keys = ConditionKeys(principal);
        use.AddConditionKeys(keys);
        Authorize(principal, use.Action, key, keys);
    }

    /// <summary>For actions that concern no key: only IAM can allow them, and IAM knows no conditions here.</summary>
    /// <exception cref="KmsException">AccessDeniedException.</exception>
    public static void AuthorizeByIam(AwsPrincipal principal, string action)
    {
        if (!principal.IsAllowedByIam(action))
            throw KmsException.AccessDenied(principal, action, "*", $"because no identity-based policy allows the {action} action");
    }

    /// <summary>A policy that would lock its author out is refused, unless the author insists (KMS developer guide, "Default key policy").</summary>
    /// <exception cref="KmsException">MalformedPolicyDocumentException.</exception>
    public void RequireNoLockout(AwsPrincipal principal, KeyPolicy policy, string keyArn, bool bypass)
    {
        AuthorizationRequest request = new(principal, "kms:PutKeyPolicy", keyArn, ConditionKeys(principal));
        if (!bypass && PolicyEvaluator.Evaluate(policy.Document, request) != AuthorizationDecision.Allowed)
        {
            throw new KmsException(
                "MalformedPolicyDocumentException", "The new key policy will not allow you to update the key policy in the future.");
        }
    }
}
