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
        AppendHeader(text, "connections_accepted_total", "counter", "Connections accepted.");
        foreach (ListenerMetrics listener in listeners)
        {
            AppendLine(text, $"{Prefix}connections_accepted_total{{{FormatLabel(listener)}}} {listener.Accepted}");
        }

        AppendHeader(text, "connections_active", "gauge", "Connections that have not ended.");
        foreach (ListenerMetrics listener in listeners)
        {
            AppendLine(text, $"{Prefix}connections_active{{{FormatLabel(listener)}}} {listener.Active}");
        }

        AppendHeader(text, "connections_ended_total", "counter", "Connections that have ended, by why.");
        foreach (ListenerMetrics listener in listeners)
        {
            foreach (ConnectionEnd end in Ends)
            {
                AppendLine(text, $"{Prefix}connections_ended_total{{{FormatLabel(listener)},reason=\"{FormatReason(end)}\"}} {listener.CountOf(end)}");
            }
        }

        AppendHeader(text, "bytes_total", "counter", "Bytes relayed; up is from the enclave to the destination.");
        foreach (ListenerMetrics listener in listeners)
        {
            AppendLine(text, $"{Prefix}bytes_total{{{FormatLabel(listener)},direction=\"up\"}} {listener.BytesUp}");
            AppendLine(text, $"{Prefix}bytes_total{{{FormatLabel(listener)},direction=\"down\"}} {listener.BytesDown}");
        }

        AppendHistograms(text, listeners, "connect_seconds", "Time from a connection's begin until its destination was connected to; in mode connect with the wait for the request.", static listener => listener.ConnectTimes);
        AppendHistograms(text, listeners, "connection_duration_seconds", "Time from a connection's begin to its end.", static listener => listener.Durations);
        AppendHeader(text, "reloads_total", "counter", "Times the file was read again.");
        AppendLine(text, $"{Prefix}reloads_total{{result=\"ok\"}} {metrics.Reloads}");
        AppendLine(text, $"{Prefix}reloads_total{{result=\"failed\"}} {metrics.FailedReloads}");
        return text.ToString();
    }

    /// <summary>An end as the label's value: <c>not_allowed</c> for <see cref="ConnectionEnd.NotAllowed"/>.</summary>
    private static string FormatReason(ConnectionEnd end) => string.Concat(end.ToString().Select(static (c, i) =>
        char.IsAsciiLetterUpper(c) && i > 0 ? $"_{char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));

    private static void AppendHistograms(
        StringBuilder text, ListenerMetrics[] listeners, string name, string help, Func<ListenerMetrics, Histogram> choose)
    {
        AppendHeader(text, name, "histogram", help);
        foreach (ListenerMetrics listener in listeners)
        {
            Histogram histogram = choose(listener);
            long[] counts = histogram.ReadCounts();
            long sum = 0;
            for (int i = 0; i < counts.Length; i++)
            {
                sum += counts[i];
                string bound = i < histogram.Bounds.Length ? histogram.Bounds[i].ToString(CultureInfo.InvariantCulture) : "+Inf";
                AppendLine(text, $"{Prefix}{name}_bucket{{{FormatLabel(listener)},le=\"{bound}\"}} {sum}");
            }

            AppendLine(text, $"{Prefix}{name}_sum{{{FormatLabel(listener)}}} {histogram.Sum.TotalSeconds}");
            AppendLine(text, $"{Prefix}{name}_count{{{FormatLabel(listener)}}} {sum}");
        }
    }

    private static string FormatLabel(ListenerMetrics listener) => $"listener=\"{Escape(listener.Name)}\"";

    private static string Escape(string value) => value
        .Replace("\\", @"\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", "\\n", StringComparison.Ordinal);

    private static void AppendHeader(StringBuilder text, string name, string type, string help)
    {
        AppendLine(text, $"# HELP {Prefix}{name} {help}");
        AppendLine(text, $"# TYPE {Prefix}{name} {type}");
    }

    private static void AppendLine(StringBuilder text, FormattableString line) =>
        text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
