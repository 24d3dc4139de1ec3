using System.Net.Sockets;
using KmsTool.Networking;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Daemon;

/// <summary>Accepts connections and serves each on its own, within the limits.</summary>
/// <param name="listener">Closed when the daemon ends.</param>
/// <param name="handlers">Carry out what peers ask for.</param>
/// <param name="limits">Bounds on what peers may take.</param>
/// <param name="counters">Count what happens.</param>
/// <param name="time">Measures timeouts.</param>
/// <param name="logger">The log.</param>
internal sealed class EnclaveDaemon(
    StreamListener listener, CommandHandlers handlers, DaemonLimits limits, DaemonCounters counters, TimeProvider time, ILogger logger)
{
    private readonly DaemonContext _context = new(
        handlers, limits, new MessageBudget(limits.MessageBudget, limits.MaxMessageLength, limits.RequestTimeout, time), counters, time, logger);
    private readonly ConnectionTasks<long> _connections = new();

    /// <summary>
    /// Serves until <paramref name="stopping"/> is cancelled, then closes the listener and lets commands under way finish
    /// within the drain time.
    /// </summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var aborting = new CancellationTokenSource();
        var reclaimer = new MemoryReclaimer(() => _context.Budget.IsUnused && handlers.Kms.IsIdle, MemoryReclaimer.Collect, time);
        Task reclaiming = reclaimer.RunAsync(() => _connections.Count, stopping);
        var loop = new AcceptLoop(listener, time, e => Log.AcceptFailed(logger, e.SocketErrorCode.ToString()));
        long latest = 0;
        await loop.RunAsync(
            socket =>
            {
                Admit(++latest, socket, stopping, aborting.Token);
                reclaimer.Note(_connections.Count);
                return ValueTask.CompletedTask;
            },
            stopping);
        await DrainAsync(aborting);
        await reclaiming.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void Admit(long id, Socket socket, CancellationToken stopping, CancellationToken aborting)
    {
        if (_connections.Count >= limits.MaxConnections)
        {
            counters.ConnectionRefused();
            Log.TooManyConnections(logger, limits.MaxConnections);
            socket.Dispose();
            return;
        }

        counters.ConnectionOpened();
        Log.ConnectionOpened(logger, id);
        _connections.Start(id, () => ServeAsync(id, socket, stopping, aborting));
    }

    private async Task ServeAsync(long id, Socket socket, CancellationToken stopping, CancellationToken aborting)
    {
        using var connection = new Connection(id, _context);
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
    }

    private async Task DrainAsync(CancellationTokenSource aborting)
    {
        Log.Stopping(logger, _connections.Count, limits.DrainTimeout.TotalSeconds);
        aborting.CancelAfter(limits.DrainTimeout);
        await _connections.WhenAllAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Log.Stopped(logger);
    }
}

/// <summary>Who carries out what peers ask for.</summary>
/// <param name="Kms">SetClient, and through it the KMS operations.</param>
/// <param name="Credentials">PushCredentials.</param>
/// <param name="Enclave">Describe and Attest.</param>
internal sealed record CommandHandlers(KmsClientFactory Kms, CredentialInbox Credentials, DescribeAndAttestHandler Enclave);

/// <summary>What the connections of a daemon share.</summary>
/// <param name="Handlers">Carry out what peers ask for.</param>
/// <param name="Limits">Bounds on what peers may take.</param>
/// <param name="Budget">The bytes that messages of all connections may take.</param>
/// <param name="Counters">Count what happens.</param>
/// <param name="Time">Measures timeouts.</param>
/// <param name="Logger">The log.</param>
internal sealed record DaemonContext(
    CommandHandlers Handlers, DaemonLimits Limits, MessageBudget Budget, DaemonCounters Counters, TimeProvider Time, ILogger Logger);
