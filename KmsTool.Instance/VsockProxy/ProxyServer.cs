using System.Collections.Concurrent;
using System.Net.Sockets;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Accepts connections and relays each to the destination. Nothing that happens to one connection, and no failure to accept
/// one, ends the proxy.
/// </summary>
internal sealed class ProxyServer(ProxyOptions options, Destination destination, TimeProvider time, ILogger logger) : IDisposable
{
    // An accept that fails will fail again at once (no descriptors left); the pause keeps that from taking all of the CPU.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _free = new(options.MaxConnections, options.MaxConnections);
    private readonly ConcurrentDictionary<long, Task> _connections = new();

    /// <summary>Serves until cancelled, then breaks off what is open.</summary>
    public async Task RunAsync(StreamListener listener, CancellationToken cancellationToken)
    {
        Log.Listening(logger, listener.LocalAddress.ToString());
        try
        {
            for (long connection = 1; ; connection++)
            {
                await _free.WaitAsync(cancellationToken);
                Socket accepted = await AcceptAsync(listener, cancellationToken);
                Start(connection, accepted, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Task.WhenAll(_connections.Values);
            Log.Stopped(logger, listener.LocalAddress.ToString());
        }
    }

    public void Dispose() => _free.Dispose();

    private async Task<Socket> AcceptAsync(StreamListener listener, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await listener.AcceptAsync(cancellationToken);
            }
            catch (SocketException e)
            {
                Log.AcceptFailed(logger, listener.LocalAddress.ToString(), e.Message);
                await Task.Delay(PauseAfterFailure, time, cancellationToken);
            }
        }
    }

    private void Start(long connection, Socket accepted, CancellationToken cancellationToken)
    {
        // The task waits to be entered into the table before it runs, so that it cannot leave it earlier.
        var entered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[connection] = ServeAsync();
        entered.SetResult();

        async Task ServeAsync()
        {
            await entered.Task;
            try
            {
                await HandleAsync(connection, accepted, cancellationToken);
            }
            catch (Exception e)
            {
                Log.ConnectionFault(logger, connection, e.ToString());
            }
            finally
            {
                accepted.Dispose();
                _connections.TryRemove(connection, out _);
                _free.Release();
            }
        }
    }

    private async Task HandleAsync(long connection, Socket accepted, CancellationToken cancellationToken)
    {
        Socket? connected = await ConnectAsync(connection, cancellationToken);
        if (connected is null)
            return;

        Log.RelayStarted(logger, connection, options.Destination.ToString());
        RelayResult result = await Relay.RunAsync(accepted, connected, options.IdleTimeout, time, cancellationToken);
        if (result.Failure is null)
            Log.RelayEnded(logger, connection, result.BytesUp, result.BytesDown);
        else
            Log.RelayBroken(logger, connection, result.BytesUp, result.BytesDown, result.Failure.Message);
    }

    private async Task<Socket?> ConnectAsync(long connection, CancellationToken cancellationToken)
    {
        try
        {
            return await destination.ConnectAsync(cancellationToken);
        }
        catch (DestinationException e)
        {
            Log.DestinationUnreachable(logger, connection, options.Destination.ToString(), e.Message);
            return null;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
