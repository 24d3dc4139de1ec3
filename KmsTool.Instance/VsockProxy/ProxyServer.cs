using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy;

/// <summary>All listeners of a proxy, which may be given other plans while they run.</summary>
internal sealed class ProxyServer(ProxySettings options, ProxyMetrics metrics, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly Dictionary<StreamAddress, RunningListener> _listeners = [];
    private readonly ProxyContext _context = new(options, new OpenConnections(), metrics, time, logger);

    private OpenConnections Connections => _context.Connections;

    /// <summary>Where it listens.</summary>
    public IEnumerable<StreamAddress> LocalAddresses => _listeners.Values.Select(running => running.Listener.LocalAddress);

    /// <summary>
    /// Listens at the addresses of this plan and at no others. Listeners that are there already take their new plan; no open
    /// connection is touched.
    /// </summary>
    /// <exception cref="ListenException">An address cannot be listened on; everything is as it was.</exception>
    public async Task ApplyAsync(ProxyPlan plan)
    {
        StreamAddress[] unwanted = [.. _listeners.Keys.Except(plan.Listeners.Select(listener => listener.Local))];
        var bound = new List<(ListenerPlan Plan, StreamListener Listener)>();
        var madeWay = new List<(StreamAddress Address, ListenerPlan Plan)>();
        try
        {
            foreach (ListenerPlan listener in plan.Listeners.Where(listener => !_listeners.ContainsKey(listener.Local)))
            {
                bound.Add((listener, await BindAsync(listener.Local, unwanted, madeWay)));
            }
        }
        catch
        {
            foreach ((_, StreamListener listener) in bound)
            {
                await listener.DisposeAsync();
            }

            foreach ((StreamAddress address, ListenerPlan old) in madeWay)
            {
                Reopen(address, old);
            }

            throw;
        }

        foreach (StreamAddress address in unwanted)
        {
            await CloseAsync(address);
        }

        Connections.Slots.SetLimit(plan.MaxConnections);
        foreach (ListenerPlan listener in plan.Listeners)
        {
            if (_listeners.TryGetValue(listener.Local, out RunningListener? running))
            {
                running.Listener.Update(listener);
            }
        }

        foreach ((ListenerPlan listener, StreamListener socket) in bound)
        {
            Start(socket, listener);
        }
    }

    /// <summary>Stops listening, lets connections end within the drain time, and breaks off what is open then.</summary>
    public async Task StopAsync()
    {
        await CloseAllAsync();
        long open = Connections.Count;
        Task none = Connections.DrainAsync();
        if (open > 0)
        {
            Log.Draining(_context.Logger, open, _context.Options.DrainTimeout.TotalSeconds);
        }

        await Task.WhenAny(none, Task.Delay(_context.Options.DrainTimeout, _context.Time, CancellationToken.None));
        Connections.Abort();
        await none;
    }

    /// <summary>Breaks off what is open.</summary>
    public void Abort() => Connections.Abort();

    /// <summary>Stops listening, if it still does, and breaks off what is open.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAllAsync();
        Connections.Abort();
        Connections.Dispose();
    }

    /// <summary>
    /// Binds an address. A listener of this proxy that is to end in any case makes way if it has the same port: 0.0.0.0 and
    /// 127.0.0.1 cannot both be listened on there.
    /// </summary>
    private async Task<StreamListener> BindAsync(
        StreamAddress address, StreamAddress[] unwanted, List<(StreamAddress Address, ListenerPlan Plan)> madeWay)
    {
        try
        {
            return Bind(address);
        }
        catch (ListenException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
        {
            StreamAddress[] inTheWay = [.. unwanted.Where(other => _listeners.TryGetValue(other, out RunningListener? running)
                && HaveSamePort(running.Listener.LocalAddress, address))];
            if (inTheWay.Length == 0)
            {
                throw;
            }

            foreach (StreamAddress other in inTheWay)
            {
                ProxyListener listener = _listeners[other].Listener;
                madeWay.Add((listener.LocalAddress, listener.Plan));
                await CloseAsync(other);
            }

            return Bind(address);
        }
    }

    private void Reopen(StreamAddress address, ListenerPlan plan)
    {
        try
        {
            Start(Bind(address), plan);
        }
        catch (ListenException e)
        {
            // Another program has been quicker.
            Log.NotReopened(_context.Logger, address.ToString(), e.Message);
        }
    }

    private void Start(StreamListener socket, ListenerPlan plan) =>
        _listeners.Add(plan.Local, new RunningListener(new ProxyListener(socket, plan, _context)));

    private async Task CloseAsync(StreamAddress address)
    {
        if (_listeners.Remove(address, out RunningListener? running))
        {
            await running.DisposeAsync();
        }
    }

    private async Task CloseAllAsync()
    {
        RunningListener[] all = [.. _listeners.Values];
        _listeners.Clear();
        await Task.WhenAll(all.Select(running => running.DisposeAsync().AsTask()));
    }

    private static bool HaveSamePort(StreamAddress one, StreamAddress other) => (one, other) switch
    {
        (StreamAddress.Tcp { Port: var port }, StreamAddress.Tcp same) => same.Port == port,
        (StreamAddress.Vsock { Port: var port }, StreamAddress.Vsock same) => same.Port == port,
        _ => false,
    };

    private StreamListener Bind(StreamAddress address)
    {
        try
        {
            return StreamListener.Bind(address, _context.Options.Sockets);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            throw new ListenException(address, e);
        }
    }

    /// <summary>A listener at work.</summary>
    private sealed class RunningListener : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;

        public RunningListener(ProxyListener listener)
        {
            Listener = listener;
            _running = listener.RunAsync(_stop.Token);
        }

        public ProxyListener Listener { get; }

        /// <summary>Stops listening; its connections go on.</summary>
        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _running;
            _stop.Dispose();
        }
    }
}
