using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Networking;
using KmsTool.Networking.Relaying;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Accepts connections at one address and takes each to where the plan says. Nothing that happens to one connection, and no
/// failure to accept one, ends it.
/// </summary>
internal sealed class ProxyListener
{
    private readonly StreamListener _listener;
    private readonly ProxyContext _context;
    private readonly ListenerMetrics _metrics;
    private readonly RelayOptions _relay;
    private readonly ConcurrencyLimiter _slots;
    private readonly KeyedConcurrencyLimiter _peers;
    private volatile ListenerPlan _plan;

    public ProxyListener(StreamListener listener, ListenerPlan plan, ProxyContext context)
    {
        _listener = listener;
        _plan = plan;
        _context = context;
        _metrics = context.Metrics[listener.LocalAddress.ToString()];
        _relay = context.Options.Relay with { Up = _metrics.CountUp, Down = _metrics.CountDown };
        _slots = new ConcurrencyLimiter(plan.MaxConnections);
        _peers = new KeyedConcurrencyLimiter(plan.MaxPerPeer);
    }

    /// <summary>Where it listens.</summary>
    public StreamAddress LocalAddress => _listener.LocalAddress;

    public ListenerPlan Plan => _plan;

    /// <summary>Takes a new plan for connections to come; those that are open stay as they are.</summary>
    public void Update(ListenerPlan plan)
    {
        _plan = plan;
        _slots.SetLimit(plan.MaxConnections);
        _peers.SetLimitOfEach(plan.MaxPerPeer);
    }

    /// <summary>Accepts until it is cancelled; connections go on.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        Log.Listening(_context.Logger, LocalAddress.ToString(), _plan.Route.Name);
        var loop = new AcceptLoop(_listener, _context.Time, e => Log.AcceptFailed(_context.Logger, LocalAddress.ToString(), e.Message));
        bool refuses = _context.Options.RefusesWhenFull;
        await loop.RunAsync(
            socket => AdmitAsync(socket, hasSlot: !refuses || _slots.TryAcquire(), stopping),
            stopping,
            refuses ? null : () => _slots.AcquireAsync(stopping));
        Log.Stopped(_context.Logger, LocalAddress.ToString());
    }

    private async ValueTask AdmitAsync(Socket accepted, bool hasSlot, CancellationToken stopping)
    {
        ListenerPlan plan = _plan;
        var connection = new ProxyConnection(_context.Connections.NextNumber(), accepted, _metrics, _relay, _context.Time, _context.Logger);
        _metrics.CountAccepted();
        if (!hasSlot)
        {
            connection.Refuse(plan.Route.Name, ConnectionEnd.TooMany, $"the limit of {plan.MaxConnections} connections is reached");
            return;
        }

        if (plan.Peers?.Contains(accepted.RemoteEndPoint) == false)
        {
            connection.Refuse(plan.Route.Name, ConnectionEnd.PeerNotAllowed, "this peer is not one of those that the file lists");
        }
        else if (!_peers.TryAcquire(connection.PeerName))
        {
            connection.Refuse(plan.Route.Name, ConnectionEnd.TooMany, $"the limit of {plan.MaxPerPeer} connections of one peer is reached");
        }
        else if (!await TryAcquireOfAllAsync(stopping))
        {
            _peers.Release(connection.PeerName);
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
            _context.Connections.Enter();
            _ = ServeAsync(connection, plan.Route);
            return;
        }

        _slots.Release();
    }

    /// <summary>
    /// Acquires one of the slots that all listeners share. Only here, not before accepting: a listener without connections must
    /// not hold one.
    /// </summary>
    private async ValueTask<bool> TryAcquireOfAllAsync(CancellationToken stopping)
    {
        if (_context.Options.RefusesWhenFull)
        {
            return _context.Connections.Slots.TryAcquire();
        }

        try
        {
            await _context.Connections.Slots.AcquireAsync(stopping);
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
        await connection.RunAsync(route, _context.Connections.Draining, _context.Connections.Aborting);
        _peers.Release(connection.PeerName);
        _slots.Release();
        _context.Connections.Slots.Release();
        _context.Connections.Leave();
    }
}

/// <summary>What the listeners of a proxy share.</summary>
/// <param name="Options">What holds for all of them.</param>
/// <param name="Connections">The connections of all of them.</param>
/// <param name="Metrics">Counts what they do.</param>
/// <param name="Time">The clock.</param>
/// <param name="Logger">The log.</param>
internal sealed record ProxyContext(ProxySettings Options, OpenConnections Connections, ProxyMetrics Metrics, TimeProvider Time, ILogger Logger);
