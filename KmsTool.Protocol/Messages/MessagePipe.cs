using System.Buffers;
using System.IO.Pipelines;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Makes the pipes over a connection: buffers are cleared after use, and an idle connection holds none (zero-byte reads).
/// </summary>
internal static class MessagePipe
{
    /// <summary>A reader over <paramref name="stream"/>, which stays open when the reader completes.</summary>
    public static PipeReader CreateReader(Stream stream) => PipeReader.Create(stream, new StreamPipeReaderOptions(
        ClearingMemoryPool.Instance, leaveOpen: true, useZeroByteReads: true));

    /// <summary>A writer over <paramref name="stream"/>, which stays open when the writer completes.</summary>
    public static PipeWriter CreateWriter(Stream stream) => PipeWriter.Create(stream, new StreamPipeWriterOptions(
        ClearingMemoryPool.Instance, leaveOpen: true));
}

/// <summary>
/// Pooled buffers that are pinned, and cleared when they go back: messages carry credentials one way and plaintexts the other.
/// </summary>
internal sealed class ClearingMemoryPool : MemoryPool<byte>
{
    private const int DefaultSize = 4096;

    public static ClearingMemoryPool Instance { get; } = new();

    public override int MaxBufferSize => Array.MaxLength;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) =>
        new Buffer(SensitiveArrayPool.Rent(minBufferSize < 0 ? DefaultSize : minBufferSize));

    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Buffer(byte[] array) : IMemoryOwner<byte>
    {
        private byte[]? _array = array;

        public Memory<byte> Memory => _array ?? throw new ObjectDisposedException(nameof(ClearingMemoryPool));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _array, null) is { } array)
            {
                SensitiveArrayPool.Return(array);
            }
        }
    }
}
