namespace KmsTool.Enclave.Kms;

/// <summary>A KMS operation that takes a Recipient (AWS KMS API Reference; there are no others).</summary>
/// <param name="Name">The operation's name.</param>
/// <param name="PlaintextMember">The answer's member that stays empty when a recipient was named.</param>
/// <param name="TakesKey">Whether it uses a KMS key, and its answer says which.</param>
/// <param name="TakesContext">Whether it takes an encryption context.</param>
internal sealed record KmsOperation(string Name, string PlaintextMember, bool TakesKey, bool TakesContext)
{
    public static readonly KmsOperation Decrypt = new("Decrypt", "Plaintext", TakesKey: true, TakesContext: true);
    public static readonly KmsOperation GenerateDataKey = new("GenerateDataKey", "Plaintext", TakesKey: true, TakesContext: true);
    public static readonly KmsOperation GenerateDataKeyPair = new("GenerateDataKeyPair", "PrivateKeyPlaintext", TakesKey: true, TakesContext: true);
    public static readonly KmsOperation GenerateRandom = new("GenerateRandom", "Plaintext", TakesKey: false, TakesContext: false);
    public static readonly KmsOperation DeriveSharedSecret = new("DeriveSharedSecret", "SharedSecret", TakesKey: true, TakesContext: false);

    /// <summary>Value of the X-Amz-Target header.</summary>
    public string Target { get; } = "TrentService." + Name;
}
