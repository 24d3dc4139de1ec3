namespace KmsTool.Instance.VsockProxy.Monitoring;

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
