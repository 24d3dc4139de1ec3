namespace KmsTool.Benchmarks.Load;

/// <summary>What one load showed.</summary>
internal sealed record LoadResult
{
    public required string Name { get; init; }

    public required int Workers { get; init; }

    public required int Operations { get; init; }

    public required TimeSpan Elapsed { get; init; }

    /// <summary>Time of each operation as its client saw it, ascending.</summary>
    public required TimeSpan[] Latencies { get; init; }

    public required CpuTimes Cpu { get; init; }

    /// <summary>CPU time of an RSA operation at that time; see <see cref="RsaBaseline"/>.</summary>
    public required TimeSpan PrivateKeyOperation { get; init; }

    public double PerSecond => Operations / Elapsed.TotalSeconds;

    /// <summary>The time that the given share of all operations did not exceed.</summary>
    public TimeSpan Percentile(double share) => Latencies[(int)Math.Ceiling(share * Latencies.Length) - 1];
}
