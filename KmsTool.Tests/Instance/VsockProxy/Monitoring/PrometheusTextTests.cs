using KmsTool.Instance.VsockProxy.Monitoring;

namespace KmsTool.Tests.Instance.VsockProxy.Monitoring;

public class PrometheusTextTests
{
    // The format: https://prometheus.io/docs/instrumenting/exposition_formats/, text format 0.0.4.
    [Fact]
    public void Write_figures_stand_in_the_text_format()
    {
        var metrics = new ProxyMetrics();
        ListenerMetrics listener = metrics["unix:/a\"b\\c"];
        for (int i = 0; i < 3; i++)
        {
            listener.CountAccepted();
        }

        listener.CountUp(5);
        listener.CountDown(70);
        listener.ConnectTimes.Record(TimeSpan.FromMilliseconds(2));
        listener.ConnectTimes.Record(TimeSpan.FromMilliseconds(2.5));
        listener.ConnectTimes.Record(TimeSpan.FromSeconds(60));
        listener.CountEnded(ConnectionEnd.NotAllowed, TimeSpan.FromSeconds(1.5));
        metrics.CountReload(succeeded: true);

        string[] lines = PrometheusText.Write(metrics).Split('\n');

        const string Label = "listener=\"unix:/a\\\"b\\\\c\"";
        Assert.Contains($"kmstool_vsock_proxy_connections_accepted_total{{{Label}}} 3", lines);
        Assert.Contains($"kmstool_vsock_proxy_connections_active{{{Label}}} 2", lines);
        Assert.Contains($"kmstool_vsock_proxy_connections_ended_total{{{Label},reason=\"not_allowed\"}} 1", lines);
        Assert.Contains($"kmstool_vsock_proxy_bytes_total{{{Label},direction=\"down\"}} 70", lines);
        Assert.Contains($"kmstool_vsock_proxy_connect_seconds_bucket{{{Label},le=\"0.001\"}} 0", lines);
        Assert.Contains($"kmstool_vsock_proxy_connect_seconds_bucket{{{Label},le=\"0.0025\"}} 2", lines);
        Assert.Contains($"kmstool_vsock_proxy_connect_seconds_bucket{{{Label},le=\"10\"}} 2", lines);
        Assert.Contains($"kmstool_vsock_proxy_connect_seconds_bucket{{{Label},le=\"+Inf\"}} 3", lines);
        Assert.Contains($"kmstool_vsock_proxy_connect_seconds_sum{{{Label}}} 60.0045", lines);
        Assert.Contains("kmstool_vsock_proxy_reloads_total{result=\"ok\"} 1", lines);
        Assert.Equal("", lines[^1]);
        Assert.All(lines[..^1], line => Assert.Matches(@"^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{.*\})? [0-9.]+)$", line));
    }
}
