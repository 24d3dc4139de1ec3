using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Networking.Relaying;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Accepts connections at one address and takes each to where the plan says. Nothing that happens to one connection, and no
/// failure to accept one, ends it.
/// </summary>
internal sealed class ProxyListener
{
    // An accept that fails will fail again at once (no descriptors left); the pause keeps that from taking all of the CPU.
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(100);

    // Completions run on a thread that waits for many sockets: a queue that is never empty would keep it.
    private const int MaxBurst = 16;

    private readonly StreamListener _listener;
    private readonly ProxyOptions _options;
    private readonly OpenConnections _connections;
    private readonly ListenerMetrics _metrics;
    private readonly RelayOptions _relay;
    private readonly Places _places;
    private readonly PeerShares _shares;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private volatile ListenerPlan _plan;

    public ProxyListener(
        StreamListener listener, ListenerPlan plan, ProxyOptions options, OpenConnections connections, ProxyMetrics metrics, TimeProvider time, ILogger logger)
    {
        _listener = listener;
        _plan = plan;
        _options = options;
        _connections = connections;
        _metrics = metrics[listener.LocalAddress.ToString()];
        _relay = options.Relay with { Up = _metrics.CountUp, Down = _metrics.CountDown };
        _places = new Places(plan.MaxConnections);
        _shares = new PeerShares(plan.MaxPerPeer);
        _time = time;
        _logger = logger;
    }

    /// <summary>Where it listens.</summary>
    public StreamAddress LocalAddress => _listener.LocalAddress;

    public ListenerPlan Plan => _plan;

    /// <summary>Takes a new plan for connections to come; those that are open stay as they are.</summary>
    public void Update(ListenerPlan plan)
    {
        _plan = plan;
        _places.SetNumber(plan.MaxConnections);
        _shares.SetMost(plan.MaxPerPeer);
    }

    /// <summary>Accepts until it is cancelled; connections go on.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        Log.Listening(_logger, LocalAddress.ToString(), _plan.Route.Name);
        try
        {
            for (int accepted = 1; ; accepted++)
            {
                if (!_options.RefusesWhenFull)
                {
                    await _places.TakeAsync(stopping);
                }

                Socket socket = await AcceptAsync(stopping);
                await AdmitAsync(socket, hasPlace: !_options.RefusesWhenFull || _places.TryTake(), stopping);
                if (accepted % MaxBurst == 0)
                {
                    await Task.Yield();
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await _listener.DisposeAsync();
            Log.Stopped(_logger, LocalAddress.ToString());
        }
    }

    private async Task<Socket> AcceptAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await _listener.AcceptAsync(cancellationToken);
            }
            catch (SocketException e)
            {
                Log.AcceptFailed(_logger, LocalAddress.ToString(), e.Message);
                await Task.Delay(PauseAfterFailure, _time, cancellationToken);
            }
        }
    }

    private async ValueTask AdmitAsync(Socket accepted, bool hasPlace, CancellationToken stopping)
    {
        ListenerPlan plan = _plan;
        string peer = Peer.NameOf(accepted.RemoteEndPoint);
        var connection = new ProxyConnection(_connections.NextNumber(), accepted, peer, _metrics, _relay, _time, _logger);
        _metrics.CountAccepted();
        if (!hasPlace)
        {
            connection.Refuse(plan.Route.Name, ConnectionEnd.TooMany, $"the limit of {plan.MaxConnections} connections is reached");
            return;
        }

        if (plan.Peers?.Contains(accepted.RemoteEndPoint) == false)
        {
            connection.Refuse(plan.Route.Name, ConnectionEnd.PeerNotAllowed, "this peer is not one of those that the file lists");
        }
        else if (!_shares.TryTake(peer))
        {
            connection.Refuse(plan.Route.Name, ConnectionEnd.TooMany, $"the limit of {plan.MaxPerPeer} connections of one peer is reached");
        }
        else if (!await TakePlaceOfAllAsync(stopping))
        {
            _shares.Release(peer);
            if (stopping.IsCancellationRequested)
            {
                connection.Refuse(plan.Route.Name, ConnectionEnd.Stopped, "the listener ended");
            }
            else
            {
                connection.Refuse(plan.Route.Name, ConnectionEnd.TooMany, "the limit of open files allows no more connections");
            }
        }
        else
        {
            _connections.Enter();
            _ = ServeAsync(connection, plan.Route);
            return;
        }

        _places.Release();
    }

    /// <summary>
    /// Takes a place of those that all listeners share. Only here, not before accepting: a listener that nobody connects to
    /// shall hold none.
    /// </summary>
    private async ValueTask<bool> TakePlaceOfAllAsync(CancellationToken stopping)
    {
        if (_options.RefusesWhenFull)
        {
            return _connections.Places.TryTake();
        }

        try
        {
            await _connections.Places.TakeAsync(stopping);
            return true;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task ServeAsync(ProxyConnection connection, IRoute route)
    {
        // It throws nothing.
        await connection.RunAsync(route, _connections.Draining, _connections.Aborting);
        _shares.Release(connection.PeerName);
        _places.Release();
        _connections.Places.Release();
        _connections.Leave();
    }
}
