using System.Net.Sockets;
using KmsTool.Instance.VsockProxy;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Instance.VsockProxy;

public class ProxyListenerTests
{
    [Fact]
    public async Task RunAsync_queue_that_is_not_empty_does_not_keep_the_thread()
    {
        await using var proxy = new TestProxy(new ProxySettings { RefusesWhenFull = true });
        var socket = StreamListener.Bind(new StreamAddress.Tcp("127.0.0.1", 0));
        var connections = new List<Socket>();
        for (int i = 0; i < 100; i++)
        {
            connections.Add(await proxy.DialAsync(socket.LocalAddress));
        }

        using var open = new OpenConnections();
        var listener = new ProxyListener(
            socket, proxy.Fixed(socket.LocalAddress, maxConnections: 0), new ProxyContext(proxy.Options, open, proxy.Metrics, TimeProvider.System, proxy.Log));
        using var stop = new CancellationTokenSource();
        // What continues later runs on this scheduler, one at a time: when the method returns, none of it has run.
        TaskScheduler one = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        (Task running, long atOnce) = await Task.Factory.StartNew(
            () => (listener.RunAsync(stop.Token), proxy.Metrics.Listeners.Single().Accepted), proxy.Patience, TaskCreationOptions.None, one);

        Assert.InRange(atOnce, 1, 16);
        foreach (Socket connection in connections)
        {
            Assert.Equal(0, await connection.ReceiveAsync(new byte[1], proxy.Patience));
            connection.Dispose();
        }

        await stop.CancelAsync();
        await running;
    }
}
