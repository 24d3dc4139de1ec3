namespace KmsTool.Benchmarks.Proxy;

/// <summary>How long round trips took along one path in one round.</summary>
/// <param name="Path">The path.</param>
/// <param name="Round">The round; what is compared is of the same one.</param>
/// <param name="Count">How many.</param>
/// <param name="Median">50th percentile.</param>
/// <param name="Slow">99th percentile.</param>
/// <param name="Cpu">CPU time spent meanwhile.</param>
internal sealed record RoundTripSample(PathKind Path, int Round, int Count, TimeSpan Median, TimeSpan Slow, CpuShares Cpu)
{
    /// <summary>The median of one path in terms of another's in the same round, which the machine disturbed alike.</summary>
    public static Spread Ratio(IReadOnlyList<RoundTripSample> samples, PathKind path, PathKind reference) => Spread.Of(
        from sample in samples
        where sample.Path == path
        join other in samples.Where(sample => sample.Path == reference) on sample.Round equals other.Round
        select sample.Median / other.Median);
}
