namespace KmsTool.Enclave.Kms;

/// <summary>A KMS operation that takes a Recipient (AWS KMS API Reference; there are no others).</summary>
/// <param name="Name">The operation's name.</param>
/// <param name="PlaintextMember">The answer's member that stays empty when a recipient was named.</param>
internal sealed record KmsOperation(string Name, string PlaintextMember)
{
    public static readonly KmsOperation Decrypt = new("Decrypt", "Plaintext");

    /// <summary>Value of the X-Amz-Target header.</summary>
    public string Target { get; } = "TrentService." + Name;
}
