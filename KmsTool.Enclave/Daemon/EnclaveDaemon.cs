using System.Collections.Concurrent;
using System.Net.Sockets;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Daemon;

/// <summary>Accepts connections and serves each on its own, within the limits.</summary>
internal sealed class EnclaveDaemon(
    StreamListener listener,
    KmsClientFactory clients,
    CredentialInbox inbox,
    Introspection introspection,
    DaemonLimits limits,
    DaemonCounters counters,
    TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly MessageBudget _budget = new(limits.MessageBudget, limits.MaxMessageLength, limits.RequestTimeout, time);
    private readonly ConcurrentDictionary<long, Task> _connections = new();

    /// <summary>
    /// Serves until <paramref name="stopping"/> is cancelled, then closes the listener and lets commands under way finish
    /// within the drain time.
    /// </summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var aborting = new CancellationTokenSource();
        var reclaimer = new MemoryReclaimer(() => _budget.IsUnused && clients.IsIdle, MemoryReclaimer.Collect, time);
        Task reclaiming = reclaimer.RunAsync(() => _connections.Count, stopping);
        for (long id = 1; !stopping.IsCancellationRequested; id++)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(stopping);
            }
            catch (OperationCanceledException)
            {
                break;
            }
            catch (SocketException e)
            {
                // Most likely no descriptor is left; closing connections will give some back.
                Log.AcceptFailed(logger, e.SocketErrorCode.ToString());
                await Task.Delay(AcceptPause, time, CancellationToken.None);
                continue;
            }

            if (_connections.Count >= limits.MaxConnections)
            {
                counters.ConnectionRefused();
                Log.TooManyConnections(logger, limits.MaxConnections);
                socket.Dispose();
                continue;
            }

            Serve(id, socket, stopping, aborting.Token);
            reclaimer.Note(_connections.Count);
        }

        await listener.DisposeAsync();
        await DrainAsync(aborting);
        await reclaiming.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Serve(long id, Socket socket, CancellationToken stopping, CancellationToken aborting)
    {
        counters.ConnectionOpened();
        Log.ConnectionOpened(logger, id);
        // On a thread of the pool, so that a connection's first commands do not keep the next from being accepted.
        var served = Task.Run(async () =>
        {
            using var connection = new Connection(id, clients, inbox, introspection, limits, _budget, counters, logger);
            try
            {
                await connection.RunAsync(socket, stopping, aborting);
            }
#pragma warning disable CA1031 // A fault of ours ends this connection and no other; its text might quote input, so only its type is told.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Log.ConnectionFaulted(logger, id, e.GetType().Name);
            }
            finally
            {
                counters.ConnectionClosed();
            }
        }, CancellationToken.None);
        _connections[id] = served;
        _ = served.ContinueWith(
            _ => _connections.TryRemove(id, out Task? _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private async Task DrainAsync(CancellationTokenSource aborting)
    {
        Log.Stopping(logger, _connections.Count, limits.DrainTimeout.TotalSeconds);
        var all = Task.WhenAll(_connections.Values);
        aborting.CancelAfter(limits.DrainTimeout);
        await all.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Log.Stopped(logger);
    }
}
