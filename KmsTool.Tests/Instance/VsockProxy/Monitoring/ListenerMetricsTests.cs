using KmsTool.Instance.VsockProxy.Monitoring;

namespace KmsTool.Tests.Instance.VsockProxy.Monitoring;

public class ListenerMetricsTests
{
    [Fact]
    public async Task Active_is_never_below_none_while_connections_come_and_go()
    {
        var metrics = new ListenerMetrics("x");
        using var enough = new CancellationTokenSource();
        var coming = Task.Run(() =>
        {
            while (!enough.IsCancellationRequested)
            {
                metrics.CountAccepted();
                metrics.CountEnded(ConnectionEnd.Closed, TimeSpan.Zero);
            }
        });

        long least = Enumerable.Range(0, 200_000).Min(_ => metrics.Active);
        await enough.CancelAsync();
        await coming;

        Assert.InRange(least, 0, 1);
        Assert.Equal(0, metrics.Active);
    }
}
