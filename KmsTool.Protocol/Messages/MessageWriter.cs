using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace KmsTool.Protocol.Messages;

/// <summary>Writes messages: one JSON object in UTF-8, then one NUL byte.</summary>
internal static class MessageWriter
{
    // The output is no HTML: quotes and plus signs stay readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes <paramref name="message"/>; flushing stays with the caller.</summary>
    public static void Write<T>(IBufferWriter<byte> output, T message, JsonTypeInfo<T> typeInfo)
    {
        ArgumentNullException.ThrowIfNull(output);
        using (var json = new Utf8JsonWriter(output, Options))
            JsonSerializer.Serialize(json, message, typeInfo);

        output.Write("\0"u8);
    }

    /// <summary>Writes <paramref name="reply"/> with the members of its own type.</summary>
    public static void Write(IBufferWriter<byte> output, SuccessReply reply)
    {
        using (var json = new Utf8JsonWriter(output, Options))
            JsonSerializer.Serialize(json, reply, MessageJsonContext.Default.GetTypeInfo(reply.GetType())!);

        output.Write("\0"u8);
    }
}
