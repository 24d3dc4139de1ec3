using System.Buffers;
using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy.Relaying;

/// <summary>
/// Carries bytes from one socket to another until the source closes its side, and then closes that side of the destination.
/// </summary>
/// <param name="source">Read from; its other direction is left alone.</param>
/// <param name="destination">Written to; its other direction is left alone.</param>
/// <param name="sendTimeout">Longest time that the destination may take for one buffer.</param>
/// <param name="passed">Told of bytes that passed.</param>
/// <param name="idle">Told of activity.</param>
/// <param name="time">Measures <paramref name="sendTimeout"/>.</param>
internal sealed class Pump(Socket source, Socket destination, TimeSpan sendTimeout, Action<int>? passed, IdleTimer idle, TimeProvider time) : IDisposable
{
    private const int BufferSize = 64 * 1024;

    // Completions may run on the one thread that waits for all sockets: a stream that never has to wait would keep it.
    private const int MaxBurst = 1024 * 1024;

    private readonly CancellationTokenSource _stop = new(Timeout.InfiniteTimeSpan, time);
    private long _bytes;
    private int _burst;

    /// <summary>Does not throw: what breaks it off is in the result.</summary>
    /// <param name="early">Bytes that the source has sent already, which go first.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    public async Task<PumpResult> RunAsync(ReadOnlyMemory<byte> early, CancellationToken cancellationToken)
    {
        try
        {
            await using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static stop => ((CancellationTokenSource)stop!).Cancel(), _stop);
            await SendAsync(early);
            while (await CarryAsync())
            {
            }

            destination.Shutdown(SocketShutdown.Send);
            return new PumpResult(_bytes, RelayEnd.Closed, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new PumpResult(_bytes, RelayEnd.Stalled, $"nothing could be sent for {sendTimeout.TotalSeconds:0.###} s");
        }
        catch (OperationCanceledException)
        {
            return new PumpResult(_bytes, RelayEnd.Stopped, "stopped");
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return new PumpResult(_bytes, RelayEnd.Broken, e.Message);
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
            ValueTask<int> send = destination.SendAsync(bytes, SocketFlags.None, _stop.Token);
            int sent;
            if (send.IsCompleted)
            {
                sent = await send;
            }
            else
            {
                // The timer costs something, so only a send that has to wait starts it.
                _stop.CancelAfter(sendTimeout);
                sent = await send;
                _stop.CancelAfter(Timeout.InfiniteTimeSpan);
                idle.Touch();
            }

            bytes = bytes[sent..];
            _bytes += sent;
            passed?.Invoke(sent);
        }
    }
}
