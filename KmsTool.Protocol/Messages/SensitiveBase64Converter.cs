using System.Text.Json;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Writes a secret as base64.</summary>
internal sealed class SensitiveBase64Converter : JsonConverter<SensitiveBytes>
{
    public override SensitiveBytes Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Messages are written with this converter, never read.");

    public override void Write(Utf8JsonWriter writer, SensitiveBytes value, JsonSerializerOptions options) =>
        writer.WriteBase64StringValue(value.Span);
}
