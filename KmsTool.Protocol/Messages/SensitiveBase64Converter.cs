using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

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
