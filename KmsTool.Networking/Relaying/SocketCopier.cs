using System.Buffers;
using System.Net.Sockets;

namespace KmsTool.Networking.Relaying;

/// <summary>
/// Carries bytes from one socket to another until the source closes its side, and then closes that side of the destination.
/// Disposing of the sockets breaks it off.
/// </summary>
/// <param name="source">Read from; its other direction is left alone.</param>
/// <param name="destination">Written to; its other direction is left alone.</param>
/// <param name="passed">Told of bytes that passed.</param>
/// <param name="time">Dates what happens.</param>
internal sealed class SocketCopier(Socket source, Socket destination, Action<int>? passed, TimeProvider time)
{
    private const int BufferSize = 64 * 1024;

    // Completions run on a thread that waits for many sockets: a stream that never has to wait would keep it.
    private const int MaxBurst = 4 * 1024 * 1024;

    private long _latest = time.GetTimestamp();
    private long _bytes;
    private int _burst;
    private volatile bool _isSending;

    /// <summary>Bytes carried so far.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>When something last passed, or the destination was last asked to take something.</summary>
    public long Latest => Volatile.Read(ref _latest);

    /// <summary>
    /// Whether it waits for the destination to take something, since <see cref="Latest"/>. Nobody tells how much of the piece
    /// at hand is taken already, only when all of it is.
    /// </summary>
    public bool IsSending => _isSending;

    /// <exception cref="SocketException">One of the sockets failed.</exception>
    /// <exception cref="ObjectDisposedException">One of the sockets was disposed of.</exception>
    public async Task RunAsync(ReadOnlyMemory<byte> early)
    {
        await SendAsync(early);
        while (await CopyAsync())
        {
        }

        destination.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Waits for bytes, holding no buffer meanwhile, and carries what is there; false at the source's end.</summary>
    private async ValueTask<bool> CopyAsync()
    {
        await source.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
        // What passes is TLS and no secret of this program, so the buffer is not cleared.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int received;
            do
            {
                received = await source.ReceiveAsync(buffer, SocketFlags.None);
                Volatile.Write(ref _latest, time.GetTimestamp());
                if (received == 0)
                {
                    return false;
                }

                await SendAsync(buffer.AsMemory(0, received));
                _burst += received;
                if (_burst >= MaxBurst)
                {
                    _burst = 0;
                    await Task.Yield();
                }
            }
            while (received == buffer.Length);

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ValueTask<int> send = destination.SendAsync(bytes, SocketFlags.None);
            int sent;
            if (send.IsCompleted)
            {
                sent = await send;
            }
            else
            {
                _isSending = true;
                sent = await send;
                // In this order: a reader that sees the end of a send must also see its time.
                Volatile.Write(ref _latest, time.GetTimestamp());
                _isSending = false;
            }

            bytes = bytes[sent..];
            Volatile.Write(ref _bytes, _bytes + sent);
            passed?.Invoke(sent);
        }
    }
}
