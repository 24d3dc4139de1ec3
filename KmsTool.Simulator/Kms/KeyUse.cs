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
    public void AddConditionKeys(Dictionary<string, string> keys)
    {
        Add("kms:EncryptionAlgorithm", EncryptionAlgorithm);
        Add("kms:KeyAgreementAlgorithm", KeyAgreementAlgorithm);
        Add("kms:DataKeyPairSpec", DataKeyPairSpec);
        foreach ((string name, string value) in Context.Pairs)
            Add($"kms:EncryptionContext:{name}", value);
        Recipient?.AddConditionKeys(keys);

        void Add(string name, string? value)
        {
            if (value is not null)
                keys[name] = value;
        }
    }
}
