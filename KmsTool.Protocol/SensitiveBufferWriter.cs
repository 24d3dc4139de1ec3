using System.Buffers;

namespace KmsTool.Protocol;

/// <summary>Collects bytes that must not outlive their use; every buffer it has used is cleared.</summary>
internal sealed class SensitiveBufferWriter : IBufferWriter<byte>, IDisposable
{
    private byte[] _buffer;
    private int _length;

    /// <param name="capacity">Bytes that are likely to be written; more may be.</param>
    public SensitiveBufferWriter(int capacity) => _buffer = SensitiveArrayPool.Rent(capacity);

    /// <summary>What has been written. Valid until more is written, or <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)(_buffer.Length - _length), nameof(count));
        _length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose()
    {
        Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private void Reserve(int size)
    {
        if (_buffer.Length - _length >= size)
        {
            return;
        }

        byte[] larger = SensitiveArrayPool.Rent(Math.Max(checked(_length + size), _buffer.Length * 2));
        Written.CopyTo(larger);
        Return(_buffer);
        _buffer = larger;
    }

    private static void Return(byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            SensitiveArrayPool.Return(buffer);
        }
    }
}
