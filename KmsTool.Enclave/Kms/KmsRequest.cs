using System.Text.Json;
using KmsTool.Protocol;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// A request to KMS without its recipient, which nobody but <see cref="AttestedKmsClient"/> adds. Here is what pins look at;
/// the rest is the request's own.
/// </summary>
internal abstract record KmsRequest(KmsOperation Operation)
{
    private const int LikelyLength = 512;

    /// <summary>The key, as id, ARN or alias; absent where <see langword="null"/>.</summary>
    public string? KeyId { get; init; }

    /// <summary>Absent where <see langword="null"/>, as the other members.</summary>
    public string? EncryptionAlgorithm { get; init; }

    public IReadOnlyDictionary<string, string>? EncryptionContext { get; init; }

    /// <summary>Keys that the request names besides <see cref="KeyId"/>, under the names of their members.</summary>
    public IReadOnlyList<(string Member, string? KeyId)> OtherKeys { get; init; } = [];

    /// <summary>Encryption contexts besides <see cref="EncryptionContext"/>, under the names of their members.</summary>
    public IReadOnlyList<(string Member, IReadOnlyDictionary<string, string>? Context)> OtherContexts { get; init; } = [];

    /// <summary>Encryption algorithms besides <see cref="EncryptionAlgorithm"/>.</summary>
    public IReadOnlyList<string?> OtherAlgorithms { get; init; } = [];

    /// <summary>The JSON object in UTF-8, in a buffer that the caller disposes of: a request to encrypt holds a plaintext.</summary>
    /// <param name="recipient">The value of the member <c>Recipient</c>, in UTF-8; empty for none.</param>
    public SensitiveBufferWriter ToJson(ReadOnlySpan<byte> recipient)
    {
        var buffer = new SensitiveBufferWriter(recipient.Length + LikelyLength);
        try
        {
            using var json = new Utf8JsonWriter(buffer);
            json.WriteStartObject();
            if (recipient.Length > 0)
            {
                json.WritePropertyName("Recipient"u8);
                json.WriteRawValue(recipient, skipInputValidation: true);
            }

            WriteMembers(json);
            json.WriteEndObject();
            json.Flush();
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>Writes all members, those above included.</summary>
    protected abstract void WriteMembers(Utf8JsonWriter json);

    protected static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
        {
            json.WriteString(name, text);
        }
    }
}
