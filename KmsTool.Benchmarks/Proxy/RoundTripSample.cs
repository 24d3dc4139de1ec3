namespace KmsTool.Benchmarks.Proxy;

/// <summary>How long round trips on one connection took along one path in one round.</summary>
/// <param name="Path">The path.</param>
/// <param name="Round">The round; what is compared is of the same one.</param>
/// <param name="Count">How many.</param>
/// <param name="Median">50th percentile.</param>
/// <param name="Slow">99th percentile.</param>
/// <param name="Cpu">CPU time spent meanwhile.</param>
internal sealed record RoundTripSample(PathKind Path, int Round, int Count, TimeSpan Median, TimeSpan Slow, CpuShares Cpu);
