using System.Runtime.InteropServices;
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
