using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>The answer to a <see cref="DeriveSharedSecretCommand"/>.</summary>
public sealed record DeriveSharedSecretReply : SecretReply
{
    /// <summary>ARN of the KMS key.</summary>
    public required string KeyId { get; init; }

    /// <summary>The algorithm.</summary>
    public required string KeyAgreementAlgorithm { get; init; }

    /// <summary>The raw shared secret, Z of NIST SP 800-56A. Absent where the enclave is pinned not to give it.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)]
    public SensitiveBytes? SharedSecret { get; init; }

    private protected override SensitiveBytes? Secret => SharedSecret;
}
