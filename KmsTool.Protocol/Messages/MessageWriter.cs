using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Writes messages: one JSON object in UTF-8, then one NUL byte.</summary>
internal static class MessageWriter
{
    // The output is not HTML: quotes and plus signs stay readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes <paramref name="message"/> with the members of its own type; flushing stays with the caller.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="message">A <see cref="EnclaveCommand"/>, a <see cref="StatusResponse"/> or a <see cref="EnclaveResponse"/>.</param>
    public static void Write(IBufferWriter<byte> output, object message)
    {
        using (var json = new Utf8JsonWriter(output, Options))
        {
            JsonSerializer.Serialize(json, message, MessageJsonContext.Default.GetTypeInfo(message.GetType())!);
        }

        output.Write("\0"u8);
    }
}

/// <summary>
/// Serialization of the messages without reflection. Reading skips members that are not known, so that enclaves may say
/// more in future, and refuses one that comes twice.
/// </summary>
[JsonSourceGenerationOptions(
    AllowDuplicateProperties = false, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, MaxDepth = 16,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SetClientCommand))]
[JsonSerializable(typeof(PushCredentialsCommand))]
[JsonSerializable(typeof(DecryptCommand))]
[JsonSerializable(typeof(GenerateDataKeyCommand))]
[JsonSerializable(typeof(GenerateDataKeyPairCommand))]
[JsonSerializable(typeof(GenerateRandomCommand))]
[JsonSerializable(typeof(DeriveSharedSecretCommand))]
[JsonSerializable(typeof(DescribeCommand))]
[JsonSerializable(typeof(AttestCommand))]
[JsonSerializable(typeof(StatusResponse))]
[JsonSerializable(typeof(DecryptResponse))]
[JsonSerializable(typeof(GenerateDataKeyResponse))]
[JsonSerializable(typeof(GenerateDataKeyPairResponse))]
[JsonSerializable(typeof(GenerateRandomResponse))]
[JsonSerializable(typeof(DeriveSharedSecretResponse))]
[JsonSerializable(typeof(DescribeResponse))]
[JsonSerializable(typeof(AttestResponse))]
internal sealed partial class MessageJsonContext : JsonSerializerContext;

/// <summary>A secret that is text in JSON, held as its UTF-8 bytes: no string is made of it.</summary>
internal sealed class SensitiveTextConverter : JsonConverter<SensitiveBytes>
{
    public override SensitiveBytes Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Read(ref reader);

    public override void Write(Utf8JsonWriter writer, SensitiveBytes value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Span);

    /// <summary>Copies a JSON string, escapes resolved.</summary>
    public static SensitiveBytes Read(JsonElement text)
    {
        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(text));
        reader.Read();
        return Read(ref reader);
    }

    /// <summary>Copies the JSON string at the reader's position, escapes resolved.</summary>
    public static SensitiveBytes Read(ref Utf8JsonReader reader)
    {
        using var unescaped = SensitiveBytes.Allocate(reader.ValueSpan.Length);
        int length = reader.CopyString(unescaped.WritableSpan);
        return SensitiveBytes.CopyOf(unescaped.Span[..length]);
    }
}

/// <summary>A secret that is base64 in JSON; no string is made of it.</summary>
internal sealed class SensitiveBase64Converter : JsonConverter<SensitiveBytes>
{
    public override SensitiveBytes Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new JsonException();
        }

        using SensitiveBytes text = SensitiveTextConverter.Read(ref reader);
        using var decoded = SensitiveBytes.Allocate(Base64.GetMaxDecodedFromUtf8Length(text.Length));
        return Base64.DecodeFromUtf8(text.Span, decoded.WritableSpan, out _, out int length) == OperationStatus.Done
            ? SensitiveBytes.CopyOf(decoded.Span[..length])
            : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, SensitiveBytes value, JsonSerializerOptions options) =>
        writer.WriteBase64StringValue(value.Span);
}
