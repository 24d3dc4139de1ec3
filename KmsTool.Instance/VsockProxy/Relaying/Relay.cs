using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy.Relaying;

/// <summary>
/// Joins two connections. The directions are independent: one that ends leaves the other running, so that a reply still
/// arrives after the request's side was closed.
/// </summary>
internal static class Relay
{
    /// <summary>
    /// Runs until both directions have ended, one has failed, or neither has carried anything for the idle timeout, and closes
    /// both sockets.
    /// </summary>
    /// <param name="accepted">The connection that was accepted.</param>
    /// <param name="destination">Where it is taken.</param>
    /// <param name="early">Bytes that have been read of <paramref name="accepted"/> already.</param>
    /// <param name="options">Bounds.</param>
    /// <param name="time">Measures them.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    public static async Task<RelayResult> RunAsync(
        Socket accepted, Socket destination, ReadOnlyMemory<byte> early, RelayOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var idle = new IdleTimer(options.IdleTimeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Expired);
        using var up = new Pump(accepted, destination, options.SendTimeout, options.Up, idle, time);
        using var down = new Pump(destination, accepted, options.SendTimeout, options.Down, idle, time);
        Task<PumpResult> upTask = up.RunAsync(early, stop.Token);
        Task<PumpResult> downTask = down.RunAsync(ReadOnlyMemory<byte>.Empty, stop.Token);

        PumpResult first = await await Task.WhenAny(upTask, downTask);
        if (first.End != RelayEnd.Closed)
            await stop.CancelAsync();

        PumpResult upResult = await upTask;
        PumpResult downResult = await downTask;
        PumpResult decisive = first.End != RelayEnd.Closed ? first : upResult.End != RelayEnd.Closed ? upResult : downResult;
        (RelayEnd end, string? reason) = decisive.End == RelayEnd.Stopped && idle.Expired.IsCancellationRequested
            ? (RelayEnd.Idle, $"nothing passed for {options.IdleTimeout.TotalSeconds:0.###} s")
            : (decisive.End, decisive.Reason);

        Close(accepted, abort: end != RelayEnd.Closed);
        Close(destination, abort: end != RelayEnd.Closed);
        return new RelayResult(upResult.Bytes, downResult.Bytes, end, reason);
    }

    // An end that was not in order is passed on as a reset, so that half a message is not taken for a whole one.
    private static void Close(Socket socket, bool abort)
    {
        try
        {
            if (abort)
                socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The connection is beyond resetting; closing it is all that is left.
        }

        socket.Dispose();
    }
}
