using KmsTool.Simulator.Iam.Policies;
using KmsTool.Simulator.Kms.Attestation;

namespace KmsTool.Simulator.Kms;

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
