using KmsTool.Benchmarks.Load;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>The figures, as Markdown for docs/performance.md. (The program's culture is the invariant one.)</summary>
internal sealed class ProxyReport(ProxyOptions options)
{
    private const double Gibibyte = 1024.0 * 1024 * 1024;
    private const double Mebibyte = 1024.0 * 1024;
    private const double PerMillion = 1_000_000;

    private readonly string _machine = MachineFacts.Describe();

    /// <summary>How many files each program may have open.</summary>
    public required long OpenFiles { get; init; }

    public List<Series> Streams { get; } = [];

    public List<Series> Connections { get; } = [];

    public List<RoundTripSample> RoundTrips { get; } = [];

    public List<IdleSample> Idle { get; } = [];

    public override string ToString()
    {
        var text = new MarkdownText();
        text.Line($"Machine: {_machine}.");
        text.Line("From a Unix socket to TCP on 127.0.0.1. Direct: TCP, with nothing between.");
        text.Line($"socat: `socat {string.Join(' ', Socat.Arguments("PATH", "PORT"))}`: its own buffers of 8 KiB, a process for each connection.");
        text.Line($"kmstool: `{string.Join(' ', DescribeKmstool())}`.");
        text.Line($"{options.Rounds} rounds of {options.Duration.TotalSeconds:0.##} s for each path, in turn: medians (least–most). Ratios are medians of those within each round.");
        new ProxyAims(this, options).AppendTo(text);
        AppendStreams(text);
        AppendConnections(text);
        AppendRoundTrips(text);
        AppendIdle(text);
        return text.ToString();
    }

    private IEnumerable<string> DescribeKmstool() =>
    [
        .. options.ProxyEnvironment.Select(static pair => $"{pair.Key}={pair.Value}"),
        "kmstool-instance",
        .. ProxyTestbed.KmstoolArguments(options, "PATH", "PORT"),
    ];

    private void AppendStreams(MarkdownText text)
    {
        if (Streams.Count == 0)
        {
            return;
        }

        text.Heading("throughput", "path", "GiB/s", "× socat", "proxy CPU s/GiB", "× socat", "load tool CPU s/GiB", "rest of the machine, cores");
        foreach (Series series in Streams)
        {
            AppendSeries(text, series, Gibibyte, 1, "F2", "F3");
        }
    }

    private void AppendConnections(MarkdownText text)
    {
        if (Connections.Count == 0)
        {
            return;
        }

        text.Heading("connections", "path", "per second", "× socat", "proxy CPU µs each", "× socat", "load tool CPU µs each", "rest of the machine, cores");
        foreach (Series series in Connections)
        {
            AppendSeries(text, series, 1, PerMillion, "F0", "F1");
        }
    }

    private static void AppendSeries(MarkdownText text, Series series, double unit, double cpuUnit, string rateFormat, string cpuFormat)
    {
        foreach (PathKind path in series.Paths)
        {
            bool hasProxy = path != PathKind.Direct;
            text.Row(
                series.Name,
                MarkdownText.NameOf(path),
                MarkdownText.Format(series.Of(path, sample => sample.PerSecond / unit), rateFormat),
                $"{series.Ratio(path, PathKind.Socat, static sample => sample.PerSecond).Median:F2}",
                hasProxy ? MarkdownText.Format(series.Of(path, sample => sample.ProxyCpuSeconds * unit * cpuUnit), cpuFormat) : "",
                hasProxy ? $"{series.Ratio(path, PathKind.Socat, static sample => sample.ProxyCpuSeconds).Median:F2}" : "",
                MarkdownText.Format(series.Of(path, sample => sample.ToolCpuSeconds * unit * cpuUnit), cpuFormat),
                $"{series.Of(path, static sample => sample.Cpu.Others / sample.Elapsed).Median:F2}");
        }
    }

    private void AppendRoundTrips(MarkdownText text)
    {
        if (RoundTrips.Count == 0)
        {
            return;
        }

        text.Heading($"round trip of {Proxy.RoundTrips.MessageLength} bytes", "p50 µs", "p99 µs", "proxy CPU µs each", "load tool CPU µs each");
        foreach (IGrouping<PathKind, RoundTripSample> path in RoundTrips.GroupBy(static sample => sample.Path).OrderBy(static path => path.Key))
        {
            text.Row(
                MarkdownText.NameOf(path.Key),
                MarkdownText.Format(Spread.Of(path.Select(static sample => sample.Median.TotalMicroseconds)), "F1"),
                MarkdownText.Format(Spread.Of(path.Select(static sample => sample.Slow.TotalMicroseconds)), "F1"),
                MarkdownText.Format(Spread.Of(path.Select(static sample => sample.Cpu.Proxy.TotalMicroseconds / sample.Count)), "F1"),
                MarkdownText.Format(Spread.Of(path.Select(static sample => sample.Cpu.Tool.TotalMicroseconds / sample.Count)), "F1"));
        }
    }

    private void AppendIdle(MarkdownText text)
    {
        if (Idle.Count == 0)
        {
            return;
        }

        text.Line($"\nEach program may have {OpenFiles} files open{(OpenFiles < ProxyTestbed.Descriptors ? $", and was to have {ProxyTestbed.Descriptors}: more connections than held need a higher limit" : "")}.");
        text.Heading("idle connections", "path", "held", "opened in s", "processes", "RSS MiB, sum", "PSS MiB, sum");
        foreach (IdleSample sample in Idle)
        {
            bool hasProxy = sample.Path != PathKind.Direct;
            text.Row(
                $"{sample.Wanted}",
                MarkdownText.NameOf(sample.Path),
                sample.Held < sample.Wanted ? $"{sample.Held}: {sample.Refusal ?? "the others were closed"}" : $"{sample.Held}",
                $"{sample.Opened.TotalSeconds:F1}",
                hasProxy ? $"{sample.Memory.Processes}" : "",
                hasProxy ? $"{sample.Memory.ResidentBytes / Mebibyte:F1}" : "",
                hasProxy ? $"{sample.Memory.ProportionalBytes / Mebibyte:F1}" : "");
        }
    }
}
