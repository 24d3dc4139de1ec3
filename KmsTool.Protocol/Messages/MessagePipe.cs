using System.IO.Pipelines;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Makes the pipes over a connection: buffers are cleared after use, and an idle connection holds none (zero-byte reads).
/// </summary>
public static class MessagePipe
{
    /// <summary>A reader over <paramref name="stream"/>, which stays open when the reader completes.</summary>
    public static PipeReader CreateReader(Stream stream) => PipeReader.Create(stream, new StreamPipeReaderOptions(
        ClearingMemoryPool.Instance, leaveOpen: true, useZeroByteReads: true));

    /// <summary>A writer over <paramref name="stream"/>, which stays open when the writer completes.</summary>
    public static PipeWriter CreateWriter(Stream stream) => PipeWriter.Create(stream, new StreamPipeWriterOptions(
        ClearingMemoryPool.Instance, leaveOpen: true));
}
