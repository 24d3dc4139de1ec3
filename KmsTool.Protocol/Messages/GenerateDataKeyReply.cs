using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>The answer to a <see cref="GenerateDataKeyCommand"/>.</summary>
public sealed record GenerateDataKeyReply : SecretReply
{
    /// <summary>ARN of the KMS key that encrypted the data key.</summary>
    public required string KeyId { get; init; }

    /// <summary>The data key, encrypted under the KMS key.</summary>
    public required ReadOnlyMemory<byte> CiphertextBlob { get; init; }

    /// <summary>The data key. Absent where the enclave is pinned not to give it.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)]
    public SensitiveBytes? Plaintext { get; init; }

    private protected override SensitiveBytes? Secret => Plaintext;
}
