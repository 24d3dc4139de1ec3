using System.Text.Json;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>A secret that is text in JSON, held as its UTF-8 bytes: no string is made of it.</summary>
internal sealed class SensitiveTextConverter : JsonConverter<SensitiveBytes>
{
    public override SensitiveBytes Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Read(ref reader);

    public override void Write(Utf8JsonWriter writer, SensitiveBytes value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Span);

    /// <summary>Copies the JSON string at the reader's position, escapes resolved.</summary>
    public static SensitiveBytes Read(ref Utf8JsonReader reader)
    {
        using SensitiveBytes unescaped = SensitiveBytes.Allocate(reader.ValueSpan.Length);
        int length = reader.CopyString(unescaped.WritableSpan);
        return SensitiveBytes.CopyOf(unescaped.Span[..length]);
    }
}
