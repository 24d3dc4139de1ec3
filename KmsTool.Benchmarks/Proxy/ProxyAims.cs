namespace KmsTool.Benchmarks.Proxy;

/// <summary>What the proxy is to reach, always in terms of another path of the same run, except for memory.</summary>
internal sealed class ProxyAims(ProxyReport report, ProxyOptions options)
{
    private const double MinThroughput = 1.6;
    private const double MinConnections = 6;
    private const double MaxCpu = 0.6;
    private const double MaxRoundTrip = 1.2;
    private const double MaxIdleMebibytes = 100;

    public void AppendTo(MarkdownText text)
    {
        text.Heading("figure", "measured", "aim", "met");
        foreach (Series series in report.Streams)
        {
            // With many streams both cores are busy whatever the proxy does, and the load tool takes its share.
            if (series == report.Streams[0] || series == report.Streams[1])
            {
                AtLeast(text, $"throughput, {series.Name}", series.Ratio(PathKind.Kmstool, PathKind.Socat, static sample => sample.PerSecond), MinThroughput, "socat");
            }
        }

        foreach (Series series in report.Connections)
        {
            AtLeast(text, $"connections per second, {series.Name}", series.Ratio(PathKind.Kmstool, PathKind.Socat, static sample => sample.PerSecond), MinConnections, "socat");
        }

        foreach (Series series in report.Streams)
        {
            AtMost(text, $"CPU per GiB, {series.Name}", series.Ratio(PathKind.Kmstool, PathKind.Socat, static sample => sample.ProxyCpuSeconds), MaxCpu, "socat");
        }

        if (report.RoundTrips.Count > 0)
        {
            AtMost(text, "round trip, p50", RoundTripSample.Ratio(report.RoundTrips, PathKind.Kmstool, PathKind.MinimalRelay), MaxRoundTrip, "minimal relay");
        }

        if (report.Idle.LastOrDefault(static sample => sample.Path == PathKind.Kmstool) is { } idle)
        {
            double resident = idle.Memory.ResidentBytes / (1024.0 * 1024);
            text.Row(
                $"RSS with {options.ManyIdleConnections} idle connections", $"{resident:F1} MiB with {idle.Held}", $"< {MaxIdleMebibytes} MiB",
                Met(resident < MaxIdleMebibytes && idle.Held >= options.ManyIdleConnections));
        }
    }

    private static void AtLeast(MarkdownText text, string figure, Spread ratio, double aim, string reference) =>
        text.Row(figure, $"{MarkdownText.Format(ratio, "F2")} × {reference}", $"≥ {aim} ×", Met(ratio.Median >= aim));

    private static void AtMost(MarkdownText text, string figure, Spread ratio, double aim, string reference) =>
        text.Row(figure, $"{MarkdownText.Format(ratio, "F2")} × {reference}", $"≤ {aim} ×", Met(ratio.Median <= aim));

    private static string Met(bool met) => met ? "yes" : "no";
}
