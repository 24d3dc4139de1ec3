using System.Buffers;
using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Carries bytes from one socket to another until the source closes its side, and then closes that side of the destination.
/// </summary>
/// <param name="source">Read from; its other direction is left alone.</param>
/// <param name="destination">Written to; its other direction is left alone.</param>
/// <param name="sendTimeout">
/// Longest time that the destination may take for one buffer. A vsock send that waits for the peer's credit does not notice
/// that the peer has gone; this ends it.
/// </param>
/// <param name="idle">Told of what passes.</param>
/// <param name="time">Measures <paramref name="sendTimeout"/>.</param>
internal sealed class Pump(Socket source, Socket destination, TimeSpan sendTimeout, IdleTimer idle, TimeProvider time) : IDisposable
{
    private const int BufferSize = 64 * 1024;

    private readonly CancellationTokenSource _stop = new(Timeout.InfiniteTimeSpan, time);
    private long _bytes;

    /// <summary>Does not throw: what breaks it off is in the result.</summary>
    public async Task<PumpResult> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static stop => ((CancellationTokenSource)stop!).Cancel(), _stop);
            while (await CarryAsync())
            {
            }

            destination.Shutdown(SocketShutdown.Send);
            return new PumpResult(_bytes, null);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            return new PumpResult(_bytes, new TimeoutException($"nothing could be sent for {sendTimeout.TotalSeconds:0.###} s", e));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            return new PumpResult(_bytes, e);
        }
    }

    public void Dispose() => _stop.Dispose();

    /// <summary>Waits for bytes, holding no buffer meanwhile, and carries what is there; false at the source's end.</summary>
    private async ValueTask<bool> CarryAsync()
    {
        await source.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _stop.Token);
        // What passes is TLS and no secret of this program, so the buffer is not cleared.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            int received;
            do
            {
                received = await source.ReceiveAsync(buffer, SocketFlags.None, _stop.Token);
                idle.Touch();
                if (received == 0)
                    return false;

                await SendAsync(buffer.AsMemory(0, received));
                _bytes += received;
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
            ValueTask<int> send = destination.SendAsync(bytes, SocketFlags.None, _stop.Token);
            if (send.IsCompleted)
            {
                bytes = bytes[await send..];
                continue;
            }

            // The timer costs something, so only a send that has to wait starts it.
            _stop.CancelAfter(sendTimeout);
            bytes = bytes[await send..];
            _stop.CancelAfter(Timeout.InfiniteTimeSpan);
            idle.Touch();
        }
    }
}
