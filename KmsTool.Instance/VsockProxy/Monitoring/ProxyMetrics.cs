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

/// <summary>What a listener has done since it began.</summary>
/// <param name="name">Where it listens.</param>
internal sealed class ListenerMetrics(string name)
{
    private readonly long[] _ended = new long[Enum.GetValues<ConnectionEnd>().Length];
    private long _accepted;
    private long _bytesUp;
    private long _bytesDown;

    public string Name { get; } = name;

    /// <summary>Connections that were accepted.</summary>
    public long Accepted => Volatile.Read(ref _accepted);

    /// <summary>Connections that have not ended.</summary>
    public long Active
    {
        get
        {
            // In this order: one that comes and goes in between counts as active, not as one less than none.
            long ended = Enum.GetValues<ConnectionEnd>().Sum(CountOf);
            return Accepted - ended;
        }
    }

    /// <summary>Bytes from peers to destinations.</summary>
    public long BytesUp => Volatile.Read(ref _bytesUp);

    /// <summary>Bytes from destinations to peers.</summary>
    public long BytesDown => Volatile.Read(ref _bytesDown);

    /// <summary>From a connection's begin to that of its destination.</summary>
    public Histogram ConnectTimes { get; } = new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]);

    /// <summary>From a connection's begin to its end.</summary>
    public Histogram Durations { get; } = new([0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600]);

    public long CountOf(ConnectionEnd end) => Volatile.Read(ref _ended[(int)end]);

    public void CountAccepted() => Interlocked.Increment(ref _accepted);

    public void CountUp(int bytes) => Interlocked.Add(ref _bytesUp, bytes);

    public void CountDown(int bytes) => Interlocked.Add(ref _bytesDown, bytes);

    public void CountEnded(ConnectionEnd end, TimeSpan duration)
    {
        Interlocked.Increment(ref _ended[(int)end]);
        Durations.Record(duration);
    }
}

/// <summary>Counts times in buckets, as Prometheus's histograms do.</summary>
/// <param name="bounds">Upper bounds of the buckets in seconds, ascending; one without a bound is added.</param>
internal sealed class Histogram(double[] bounds)
{
    private readonly long[] _counts = new long[bounds.Length + 1];
    private long _ticks;

    public ReadOnlySpan<double> Bounds => bounds;

    /// <summary>Sum of all times.</summary>
    public TimeSpan Sum => TimeSpan.FromTicks(Volatile.Read(ref _ticks));

    public void Record(TimeSpan time)
    {
        int bucket = 0;
        while (bucket < bounds.Length && time.TotalSeconds > bounds[bucket])
        {
            bucket++;
        }

        Interlocked.Increment(ref _counts[bucket]);
        Interlocked.Add(ref _ticks, time.Ticks);
    }

    /// <summary>How many times were within each bucket alone, the last of which has no bound.</summary>
    public long[] ReadCounts() => Array.ConvertAll(_counts, static count => Volatile.Read(ref count));
}
