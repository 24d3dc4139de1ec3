using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>A secret that is base64 in JSON, held as bytes.</summary>
internal sealed class SensitiveBase64Converter : JsonConverter<SensitiveBytes>
{
    public override SensitiveBytes Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        // json-c writes "/" as "\/", so escapes are resolved before base64 is read.
        using SensitiveBytes text = SensitiveTextConverter.Read(ref reader);
        using SensitiveBytes bytes = SensitiveBytes.Allocate(Base64.GetMaxDecodedFromUtf8Length(text.Length));
        OperationStatus status = Base64.DecodeFromUtf8(text.Span, bytes.WritableSpan, out _, out int written);
        return status == OperationStatus.Done
            ? SensitiveBytes.CopyOf(bytes.Span[..written])
            : throw new JsonException("Not base64.");
    }

    public override void Write(Utf8JsonWriter writer, SensitiveBytes value, JsonSerializerOptions options) =>
        writer.WriteBase64StringValue(value.Span);
}
