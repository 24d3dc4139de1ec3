using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Joins two connections. The directions are independent: one that ends leaves the other running, so that a reply still
/// arrives after the request's side was closed.
/// </summary>
internal static class Relay
{
    // A peer that takes no byte for this long is gone.
    private static readonly TimeSpan SendTimeout = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Runs until both directions have ended, one has failed, or neither has carried anything for
    /// <paramref name="idleTimeout"/> (zero: no limit), and closes both sockets.
    /// </summary>
    public static async Task<RelayResult> RunAsync(
        Socket accepted, Socket destination, TimeSpan idleTimeout, TimeProvider time, CancellationToken cancellationToken)
    {
        await using var idle = new IdleTimer(idleTimeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, idle.Expired);
        using var up = new Pump(accepted, destination, SendTimeout, idle, time);
        using var down = new Pump(destination, accepted, SendTimeout, idle, time);
        Task<PumpResult> upTask = up.RunAsync(stop.Token);
        Task<PumpResult> downTask = down.RunAsync(stop.Token);

        PumpResult first = await await Task.WhenAny(upTask, downTask);
        if (first.Failure is not null)
            await stop.CancelAsync();

        PumpResult upResult = await upTask;
        PumpResult downResult = await downTask;
        Exception? failure = first.Failure ?? upResult.Failure ?? downResult.Failure;
        if (failure is OperationCanceledException && idle.Expired.IsCancellationRequested)
            failure = new TimeoutException($"nothing passed for {idleTimeout.TotalSeconds:0.###} s", failure);

        Close(accepted, abort: failure is not null);
        Close(destination, abort: failure is not null);
        return new RelayResult(upResult.Bytes, downResult.Bytes, failure);
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
