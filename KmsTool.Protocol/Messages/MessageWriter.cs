using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace KmsTool.Protocol.Messages;

/// <summary>Writes messages: one JSON object in UTF-8, then one NUL byte.</summary>
internal static class MessageWriter
{
    // The output is no HTML: quotes and plus signs stay readable.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes <paramref name="message"/> with the members of its own type; flushing stays with the caller.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="message">A <see cref="Command"/>, a <see cref="Reply"/> or a <see cref="SuccessReply"/>.</param>
    public static void Write(IBufferWriter<byte> output, object message)
    {
        using (var json = new Utf8JsonWriter(output, Options))
        {
            JsonSerializer.Serialize(json, message, MessageJsonContext.Default.GetTypeInfo(message.GetType())!);
        }

        output.Write("\0"u8);
    }
}
