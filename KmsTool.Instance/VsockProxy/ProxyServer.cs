using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy;

/// <summary>All listeners of a proxy, which may be given other plans while they run.</summary>
internal sealed class ProxyServer(ProxyOptions options, ProxyMetrics metrics, TimeProvider time, ILogger logger) : IDisposable
{
    private readonly Dictionary<StreamAddress, (ProxyListener Listener, CancellationTokenSource Stop, Task Running)> _listeners = [];
    private readonly OpenConnections _connections = new();
    private readonly CancellationTokenSource _abort = new();

    /// <summary>Where it listens.</summary>
    public IEnumerable<StreamAddress> LocalAddresses => _listeners.Values.Select(entry => entry.Listener.LocalAddress);

    /// <summary>
    /// Listens at the addresses of these plans and at no others. Listeners that are there already take their new plan; no open
    /// connection is touched.
    /// </summary>
    /// <exception cref="ListenException">An address cannot be listened on; everything is as it was.</exception>
    public async Task ApplyAsync(IReadOnlyList<ListenerPlan> plans)
    {
        var bound = new List<(ListenerPlan Plan, StreamListener Listener)>();
        try
        {
            foreach (ListenerPlan plan in plans.Where(plan => !_listeners.ContainsKey(plan.Local)))
                bound.Add((plan, Bind(plan.Local)));
        }
        catch
        {
            foreach ((_, StreamListener listener) in bound)
                await listener.DisposeAsync();

            throw;
        }

        foreach (StreamAddress address in _listeners.Keys.Except(plans.Select(plan => plan.Local)).ToArray())
        {
            (_, CancellationTokenSource stop, Task running) = _listeners[address];
            _listeners.Remove(address);
            await stop.CancelAsync();
            await running;
            stop.Dispose();
        }

        foreach (ListenerPlan plan in plans)
        {
            if (_listeners.TryGetValue(plan.Local, out (ProxyListener Listener, CancellationTokenSource, Task) entry))
                entry.Listener.Update(plan);
        }

        foreach ((ListenerPlan plan, StreamListener bind) in bound)
        {
            var listener = new ProxyListener(bind, plan, options, _connections, metrics, time, logger);
            var stop = new CancellationTokenSource();
            _listeners.Add(plan.Local, (listener, stop, listener.RunAsync(stop.Token, _abort.Token)));
        }
    }

    /// <summary>Stops listening, lets connections end within the drain time, and breaks off what is open then.</summary>
    public async Task StopAsync()
    {
        foreach ((_, CancellationTokenSource stop, _) in _listeners.Values)
            await stop.CancelAsync();

        await Task.WhenAll(_listeners.Values.Select(entry => entry.Running));
        long open = _connections.Count;
        Task none = _connections.WhenNoneAsync();
        if (none.IsCompleted)
            return;

        Log.Draining(logger, open, options.DrainTimeout.TotalSeconds);
        await Task.WhenAny(none, Task.Delay(options.DrainTimeout, time, CancellationToken.None));
        await _abort.CancelAsync();
        await none;
    }

    /// <summary>Breaks off what is open.</summary>
    public void Abort() => _abort.Cancel();

    public void Dispose()
    {
        foreach ((_, CancellationTokenSource stop, _) in _listeners.Values)
            stop.Dispose();

        _abort.Dispose();
    }

    private static StreamListener Bind(StreamAddress address)
    {
        try
        {
            return StreamListener.Bind(address);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            throw new ListenException(address, e);
        }
    }
}
