namespace KmsTool.Benchmarks.Proxy;

/// <summary>All rounds of one load, on all paths.</summary>
/// <param name="Name">The load.</param>
/// <param name="Samples">What was measured.</param>
internal sealed record Series(string Name, IReadOnlyList<Sample> Samples)
{
    public IEnumerable<PathKind> Paths => Samples.Select(static sample => sample.Path).Distinct().Order();

    public Spread Of(PathKind path, Func<Sample, double> figure) =>
        Spread.Of(Samples.Where(sample => sample.Path == path).Select(figure));

    /// <summary>A figure of one path in terms of another's in the same round, which the machine disturbed alike.</summary>
    public Spread Ratio(PathKind path, PathKind reference, Func<Sample, double> figure) => Spread.Of(
        from sample in Samples
        where sample.Path == path
        join other in Samples.Where(sample => sample.Path == reference) on sample.Round equals other.Round
        select figure(sample) / figure(other));
}
