using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>The answer to a <see cref="DecryptCommand"/>.</summary>
public sealed record DecryptReply : SecretReply
{
    /// <summary>The plaintext; may be empty. Absent where the enclave is pinned not to give it.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)]
    public SensitiveBytes? Message { get; init; }

    private protected override SensitiveBytes? Secret => Message;
}
