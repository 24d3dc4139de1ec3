using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>The answer to a <see cref="GenerateRandomCommand"/>.</summary>
public sealed record GenerateRandomReply : SecretReply
{
    /// <summary>The random bytes. Absent where the enclave is pinned not to give them.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)]
    public SensitiveBytes? Plaintext { get; init; }

    private protected override SensitiveBytes? Secret => Plaintext;
}
