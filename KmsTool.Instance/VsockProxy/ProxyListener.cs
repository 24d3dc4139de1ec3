using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Protocol.Vsock;
using KmsTool.Proxying.Relaying;
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
        _shares = new PeerShares(options.MaxPerPeer);
        _time = time;
        _logger = logger;
    }

    /// <summary>Where it listens.</summary>
    public StreamAddress LocalAddress => _listener.LocalAddress;

    /// <summary>Takes a new plan for connections to come; those that are open stay as they are.</summary>
    public void Update(ListenerPlan plan)
    {
        _plan = plan;
        _places.SetNumber(plan.MaxConnections);
    }

    /// <summary>Accepts until <paramref name="stopping"/> is cancelled; connections go on until <paramref name="aborting"/> is.</summary>
    public async Task RunAsync(CancellationToken stopping, CancellationToken aborting)
    {
        Log.Listening(_logger, LocalAddress.ToString(), _plan.Route.Name);
        try
        {
            while (true)
            {
                if (!_options.RefusesWhenFull)
                    await _places.TakeAsync(stopping);

                Socket accepted = await AcceptAsync(stopping);
                Start(accepted, hasPlace: !_options.RefusesWhenFull || _places.TryTake(), aborting);
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

    private void Start(Socket accepted, bool hasPlace, CancellationToken aborting)
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
            connection.Refuse(plan.Route.Name, ConnectionEnd.TooMany, $"the limit of {_options.MaxPerPeer} connections of one peer is reached");
        }
        else
        {
            _connections.Enter();
            _ = ServeAsync(connection, plan.Route, aborting);
            return;
        }

        _places.Release();
    }

    private async Task ServeAsync(ProxyConnection connection, IRoute route, CancellationToken aborting)
    {
        // It throws nothing.
        await connection.RunAsync(route, aborting);
        _shares.Release(connection.PeerName);
        _places.Release();
        _connections.Leave();
    }
}
