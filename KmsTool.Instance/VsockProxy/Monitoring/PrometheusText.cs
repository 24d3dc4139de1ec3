using System.Globalization;
using System.Text;

namespace KmsTool.Instance.VsockProxy.Monitoring;

/// <summary>The figures in the text exposition format of Prometheus, version 0.0.4.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private const string Prefix = "kmstool_vsock_proxy_";

    private static readonly ConnectionEnd[] Ends = Enum.GetValues<ConnectionEnd>();

    public static string Write(ProxyMetrics metrics)
    {
        var text = new StringBuilder(4096);
        ListenerMetrics[] listeners = [.. metrics.Listeners];
        Begin(text, "connections_accepted_total", "counter", "Connections accepted.");
        foreach (ListenerMetrics listener in listeners)
        {
            Line(text, $"{Prefix}connections_accepted_total{{{Label(listener)}}} {listener.Accepted}");
        }

        Begin(text, "connections_active", "gauge", "Connections that have not ended.");
        foreach (ListenerMetrics listener in listeners)
        {
            Line(text, $"{Prefix}connections_active{{{Label(listener)}}} {listener.Active}");
        }

        Begin(text, "connections_ended_total", "counter", "Connections that have ended, by why.");
        foreach (ListenerMetrics listener in listeners)
        {
            foreach (ConnectionEnd end in Ends)
            {
                Line(text, $"{Prefix}connections_ended_total{{{Label(listener)},reason=\"{Reason(end)}\"}} {listener.Ended(end)}");
            }
        }

        Begin(text, "bytes_total", "counter", "Bytes relayed; up is from the enclave to the destination.");
        foreach (ListenerMetrics listener in listeners)
        {
            Line(text, $"{Prefix}bytes_total{{{Label(listener)},direction=\"up\"}} {listener.BytesUp}");
            Line(text, $"{Prefix}bytes_total{{{Label(listener)},direction=\"down\"}} {listener.BytesDown}");
        }

        Histograms(text, listeners, "connect_seconds", "Time from a connection's begin until its destination was connected to; in mode connect with the wait for the request.", static listener => listener.ConnectTimes);
        Histograms(text, listeners, "connection_duration_seconds", "Time from a connection's begin to its end.", static listener => listener.Durations);
        Begin(text, "reloads_total", "counter", "Times the file was read again.");
        Line(text, $"{Prefix}reloads_total{{result=\"ok\"}} {metrics.Reloads}");
        Line(text, $"{Prefix}reloads_total{{result=\"failed\"}} {metrics.FailedReloads}");
        return text.ToString();
    }

    /// <summary>An end as the label's value: <c>not_allowed</c> for <see cref="ConnectionEnd.NotAllowed"/>.</summary>
    private static string Reason(ConnectionEnd end) => string.Concat(end.ToString().Select(static (c, i) =>
        char.IsAsciiLetterUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    private static void Histograms(
        StringBuilder text, ListenerMetrics[] listeners, string name, string help, Func<ListenerMetrics, Histogram> choose)
    {
        Begin(text, name, "histogram", help);
        foreach (ListenerMetrics listener in listeners)
        {
            Histogram histogram = choose(listener);
            long[] counts = histogram.ReadCounts();
            long sum = 0;
            for (int i = 0; i < counts.Length; i++)
            {
                sum += counts[i];
                string bound = i < histogram.Bounds.Length ? histogram.Bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                Line(text, $"{Prefix}{name}_bucket{{{Label(listener)},le=\"{bound}\"}} {sum}");
            }

            Line(text, $"{Prefix}{name}_sum{{{Label(listener)}}} {histogram.Sum.TotalSeconds}");
            Line(text, $"{Prefix}{name}_count{{{Label(listener)}}} {sum}");
        }
    }

    private static string Label(ListenerMetrics listener) => $"listener=\"{Escape(listener.Name)}\"";

    private static string Escape(string value) => value
        .Replace("\\", @"\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private static void Begin(StringBuilder text, string name, string type, string help)
    {
        Line(text, $"# HELP {Prefix}{name} {help}");
        Line(text, $"# TYPE {Prefix}{name} {type}");
    }

    private static void Line(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
