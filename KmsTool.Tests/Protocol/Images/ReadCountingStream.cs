namespace KmsTool.Tests.Protocol.Images;

/// <summary>
/// An image that starts with given bytes and goes on with zeros; forwards only. Keeps the largest read that was asked for, and
/// hands out uneven parts.
/// </summary>
internal sealed class ReadCountingStream(byte[] start, long length) : Stream
{
    public int LargestRead { get; private set; }

    public long BytesRead { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        LargestRead = Math.Max(LargestRead, buffer.Length);
        int count = (int)Math.Min(Math.Min(buffer.Length, 50_021), length - BytesRead);
        for (int i = 0; i < count; i++)
        {
            buffer[i] = BytesRead + i < start.Length ? start[BytesRead + i] : (byte)0;
        }
        BytesRead += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
