using System.Globalization;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;
using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

/// <summary>Decides whether a call is allowed, by the key policy or, where no key is concerned, by IAM alone.</summary>
internal sealed class KmsAuthorizer(AwsAccount account, TimeProvider timeProvider)
{
    private const string PutKeyPolicy = "kms:PutKeyPolicy";

    /// <exception cref="KmsException">AccessDeniedException.</exception>
    public void Authorize(KmsCall call, string action, KmsKey key) => Authorize(call.Principal, action, key, CreateContext(call, key.Spec));

    /// <summary>For use of the key: how it is used, and for whom, enters as condition keys.</summary>
    /// <exception cref="KmsException">AccessDeniedException.</exception>
    public void AuthorizeUse(KmsCall call, KmsKey key, KeyUse use)
    {
        RequestContext context = CreateContext(call, key.Spec);
        use.AddTo(context);
        Authorize(call.Principal, use.Action, key, context);
    }

    /// <summary>For a change of the policy: whether the lock-out check is to be left out enters as a condition key.</summary>
    /// <exception cref="KmsException">AccessDeniedException.</exception>
    public void AuthorizePutKeyPolicy(KmsCall call, KmsKey key)
    {
        const string Bypass = "BypassPolicyLockoutSafetyCheck";
        RequestContext context = CreateContext(call, key.Spec);
        if (call.Parameters.Contains(Bypass))
        {
            context.Set("kms:" + Bypass, FormatBoolean(call.Parameters.ReadBoolean(Bypass)));
        }

        Authorize(call.Principal, PutKeyPolicy, key, context);
    }

    /// <summary>For actions that concern no key: only IAM can allow them, and IAM knows no conditions here.</summary>
    /// <exception cref="KmsException">AccessDeniedException.</exception>
    public static void AuthorizeByIam(AwsPrincipal principal, string action)
    {
        if (!principal.IsAllowedByIam(action))
        {
            throw KmsException.AccessDenied(principal, action, "*", $"because no identity-based policy allows the {action} action");
        }
    }

    /// <summary>
    /// A policy that would keep its author from putting another one is refused, unless the author insists (KMS developer guide, "Default
    /// key policy"). The next PutKeyPolicy is taken to come like this call, but without asking to bypass the check.
    /// </summary>
    /// <exception cref="KmsException">MalformedPolicyDocumentException.</exception>
    public void RequireNoLockout(KmsCall call, KeyPolicy policy, KeySpec spec, string keyArn, bool bypass)
    {
        var next = new AuthorizationRequest(call.Principal, PutKeyPolicy, keyArn, CreateContext(call, spec));
        if (!bypass && PolicyEvaluator.Evaluate(policy.Document, next) != AuthorizationDecision.Allowed)
        {
            throw KeyPolicy.Malformed("The new key policy will not allow you to update the key policy in the future.");
        }
    }

    private static void Authorize(AwsPrincipal principal, string action, KmsKey key, RequestContext context)
    {
        var request = new AuthorizationRequest(principal, action, key.Arn, context);
        switch (PolicyEvaluator.Evaluate(key.Policy.Document, request))
        {
            case AuthorizationDecision.Denied:
                throw KmsException.AccessDenied(principal, action, key.Arn, "with an explicit deny in a resource-based policy");
            case AuthorizationDecision.NotAllowed:
                throw KmsException.AccessDenied(principal, action, key.Arn, $"because no resource-based policy allows the {action} action");
        }
    }

    /// <summary>The condition keys that every request concerning a key carries.</summary>
    private RequestContext CreateContext(KmsCall call, KeySpec spec)
    {
        AwsPrincipal principal = call.Principal;
        DateTimeOffset now = timeProvider.GetUtcNow();
        bool isTemporary = call.Credential.SessionToken is not null;
        var context = new RequestContext();

        context.Set("aws:CurrentTime", FormatDate(now));
        context.Set("aws:EpochTime", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        context.Set("aws:TokenIssueTime", isTemporary ? FormatDate(call.Credential.IssuedAt) : null);
        context.Set("aws:MultiFactorAuthPresent", isTemporary ? FormatBoolean(false) : null);
        context.Set("aws:PrincipalArn", principal.PrincipalArn);
        context.Set("aws:PrincipalAccount", principal.AccountId);
        context.Set("aws:PrincipalType", principal.Type);
        context.Set("aws:PrincipalIsAWSService", FormatBoolean(false));
        context.Set("aws:userid", principal.UserId);
        context.Set("aws:username", principal.UserName);
        context.Set("aws:RequestedRegion", account.Region);
        context.Set("aws:ResourceAccount", account.Id);
        context.Set("aws:SecureTransport", FormatBoolean(true));
        context.Set("aws:SourceIp", FormatSourceIp(call));
        context.Set("aws:UserAgent", call.UserAgent);
        context.Set("aws:ViaAWSService", FormatBoolean(false));

        context.Set("kms:CallerAccount", principal.AccountId);
        context.Set("kms:KeySpec", spec.Name);
        context.Set("kms:CustomerMasterKeySpec", spec.Name);
        context.Set("kms:KeyUsage", spec.Usages[0]);
        context.Set("kms:CustomerMasterKeyUsage", spec.Usages[0]);
        context.Set("kms:KeyOrigin", KeyStore.Origin);
        context.Set("kms:MultiRegion", FormatBoolean(false));
        context.Set("kms:RequestAlias", FindRequestAlias(call));
        return context;
    }

    private string? FindRequestAlias(KmsCall call)
    {
        string keyId = call.Parameters.ReadString("KeyId", 0, int.MaxValue) ?? "";
        string prefix = account.AliasArn("");
        string alias = keyId.StartsWith(prefix, StringComparison.Ordinal) ? keyId[prefix.Length..] : keyId;
        return alias.StartsWith(KeyAlias.Prefix, StringComparison.Ordinal) ? alias : null;
    }

    private static string? FormatSourceIp(KmsCall call) =>
        (call.SourceAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : call.SourceAddress)?.ToString();

    private static string FormatDate(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string FormatBoolean(bool value) => value ? "true" : "false";
}

/// <summary>What a request wants to do with a key, as the conditions of key policies see it.</summary>
/// <param name="Action">For example <c>kms:Decrypt</c>.</param>
internal sealed record KeyUse(string Action)
{
    public EncryptionContext Context { get; init; } = EncryptionContext.Empty;

    /// <summary>The attested enclave, or null.</summary>
    public Recipient? Recipient { get; init; }

    public string? EncryptionAlgorithm { get; init; }

    public string? KeyAgreementAlgorithm { get; init; }

    public string? DataKeyPairSpec { get; init; }

    /// <summary>Adds the keys that KMS defines (KMS developer guide, "AWS KMS condition keys").</summary>
    public void AddTo(RequestContext context)
    {
        context.Set("kms:EncryptionAlgorithm", EncryptionAlgorithm);
        context.Set("kms:KeyAgreementAlgorithm", KeyAgreementAlgorithm);
        context.Set("kms:DataKeyPairSpec", DataKeyPairSpec);
        context.SetMany("kms:EncryptionContextKeys", Context.Pairs.Keys);
        foreach ((string name, string value) in Context.Pairs)
        {
            context.Set($"kms:EncryptionContext:{name}", value);
        }

        Recipient?.AddTo(context);
    }
}
