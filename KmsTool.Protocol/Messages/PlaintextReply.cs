using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>The answer to a Decrypt that was carried out.</summary>
/// <param name="Message">The plaintext, base64 on the wire; may be empty.</param>
public sealed record PlaintextReply(
    [property: JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)] SensitiveBytes Message) : IDisposable
{
    /// <summary>Always <see cref="Reply.Ok"/>.</summary>
    public string Status { get; init; } = Reply.Ok;

    /// <summary>Never prints what it holds.</summary>
    public override string ToString() => nameof(PlaintextReply);

    /// <summary>Clears the plaintext.</summary>
    public void Dispose() => Message.Dispose();
}
