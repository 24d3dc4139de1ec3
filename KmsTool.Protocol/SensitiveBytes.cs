using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol;

/// <summary>
/// Bytes that must not outlive their use: a secret key, a plaintext. The buffer is owned, pinned (so that the garbage
/// collector leaves no copies behind) and cleared by <see cref="Dispose"/>. Never printed.
/// </summary>
public sealed class SensitiveBytes : IDisposable
{
    private readonly byte[] _buffer;
    private bool _disposed;

    private SensitiveBytes(byte[] buffer) => _buffer = buffer;

    /// <summary>Length in bytes; may be 0.</summary>
    public int Length => _buffer.Length;

    /// <summary>The bytes.</summary>
    /// <exception cref="ObjectDisposedException">The bytes have been cleared.</exception>
    [JsonIgnore]
    public ReadOnlySpan<byte> Span => WritableSpan;

    /// <summary>The bytes, for asynchronous use. Valid until <see cref="Dispose"/>, after which they read as zero.</summary>
    /// <exception cref="ObjectDisposedException">The bytes have been cleared.</exception>
    public ReadOnlyMemory<byte> Memory
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _buffer;
        }
    }

    internal Span<byte> WritableSpan
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _buffer;
        }
    }

    /// <summary>Allocates <paramref name="length"/> zero bytes.</summary>
    internal static SensitiveBytes Allocate(int length) => new(GC.AllocateArray<byte>(length, pinned: true));

    /// <summary>Copies <paramref name="source"/>; clearing the source stays with the caller.</summary>
    public static SensitiveBytes CopyOf(ReadOnlySpan<byte> source)
    {
        SensitiveBytes copy = Allocate(source.Length);
        source.CopyTo(copy._buffer);
        return copy;
    }

    /// <summary>Encodes <paramref name="text"/> in UTF-8. A <see cref="string"/> itself cannot be cleared.</summary>
    public static SensitiveBytes FromText(ReadOnlySpan<char> text)
    {
        SensitiveBytes bytes = Allocate(Encoding.UTF8.GetByteCount(text));
        Encoding.UTF8.GetBytes(text, bytes._buffer);
        return bytes;
    }

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";

    /// <summary>Clears the bytes. May be called more than once.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_buffer);
        _disposed = true;
    }
}
