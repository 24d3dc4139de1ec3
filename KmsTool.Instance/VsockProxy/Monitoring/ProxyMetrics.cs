using System.Collections.Concurrent;

namespace KmsTool.Instance.VsockProxy.Monitoring;

/// <summary>What the proxy has done since it began. Listeners that a reload has ended keep their figures.</summary>
internal sealed class ProxyMetrics
{
    private readonly ConcurrentDictionary<string, ListenerMetrics> _listeners = new();
    private long _reloads;
    private long _failedReloads;

    public IEnumerable<ListenerMetrics> Listeners => _listeners.Values.OrderBy(listener => listener.Name, StringComparer.Ordinal);

    public long Reloads => Volatile.Read(ref _reloads);

    public long FailedReloads => Volatile.Read(ref _failedReloads);

    public ListenerMetrics this[string listener] => _listeners.GetOrAdd(listener, static name => new ListenerMetrics(name));

    public void CountReload(bool succeeded)
    {
        if (succeeded)
        {
            Interlocked.Increment(ref _reloads);
        }
        else
        {
            Interlocked.Increment(ref _failedReloads);
        }
    }
}
