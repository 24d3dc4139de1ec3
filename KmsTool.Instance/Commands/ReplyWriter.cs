using System.IO.Pipelines;
using System.Text.Json;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>Writes a reply as one JSON object and a newline, through buffers that are cleared.</summary>
internal static class ReplyWriter
{
    public static async Task WriteAsync(Stream output, EnclaveResponse reply, bool indented, CancellationToken cancellationToken)
    {
        PipeWriter pipe = MessagePipe.CreateWriter(output);
        try
        {
            // The default encoder: an enclave's text may hold what changes a terminal, or the direction of writing.
            await using (var json = new Utf8JsonWriter(pipe, new JsonWriterOptions { Indented = indented, NewLine = "\n" }))
            {
                JsonSerializer.Serialize(json, reply, MessageJsonContext.Default.GetTypeInfo(reply.GetType())!);
            }

            await pipe.WriteAsync("\n"u8.ToArray(), cancellationToken);
            await pipe.CompleteAsync();
        }
        catch (Exception e)
        {
            // Gives its buffers back, which clears them.
            await pipe.CompleteAsync(e);
            throw;
        }
    }
}
