using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>The answer to a <see cref="GenerateDataKeyPairCommand"/>.</summary>
public sealed record GenerateDataKeyPairReply : SecretReply
{
    /// <summary>ARN of the KMS key that encrypted the private key.</summary>
    public required string KeyId { get; init; }

    /// <summary>The kind of key pair.</summary>
    public required string KeyPairSpec { get; init; }

    /// <summary>The public key, DER SubjectPublicKeyInfo (RFC 5280).</summary>
    public required ReadOnlyMemory<byte> PublicKey { get; init; }

    /// <summary>The private key, encrypted under the KMS key.</summary>
    public required ReadOnlyMemory<byte> PrivateKeyCiphertextBlob { get; init; }

    /// <summary>The private key, DER PKCS #8 (RFC 5958). Absent where the enclave is pinned not to give it.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)]
    public SensitiveBytes? PrivateKeyPlaintext { get; init; }

    private protected override SensitiveBytes? Secret => PrivateKeyPlaintext;
}
