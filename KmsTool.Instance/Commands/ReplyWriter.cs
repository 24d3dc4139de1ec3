using System.IO.Pipelines;
using System.Text.Encodings.Web;
using System.Text.Json;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>Writes a reply as one JSON object and a newline, through buffers that are cleared.</summary>
internal static class ReplyWriter
{
    public static async Task WriteAsync(Stream output, SuccessReply reply, bool indented, CancellationToken cancellationToken)
    {
        PipeWriter pipe = MessagePipe.CreateWriter(output);
        await using (var json = new Utf8JsonWriter(
            pipe, new JsonWriterOptions { Indented = indented, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            JsonSerializer.Serialize(json, reply, MessageJsonContext.Default.GetTypeInfo(reply.GetType())!);
        }

        await pipe.WriteAsync("\n"u8.ToArray(), cancellationToken);
        await pipe.CompleteAsync();
    }
}
