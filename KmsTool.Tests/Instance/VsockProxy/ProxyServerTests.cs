using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy;
using KmsTool.Protocol.Vsock;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

public class ProxyServerTests
{
    [Fact]
    public async Task RunAsync_connections_over_the_limit_wait_for_a_place()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var stop = new CancellationTokenSource();
        using var directory = new TempDirectory();
        using var destination = new TcpListener(IPAddress.Loopback, 0);
        destination.Start();
        var log = new RecordingLogger();
        var options = new ProxyOptions
        {
            Local = new StreamAddress.Unix(directory["p"]),
            Destination = new StreamAddress.Tcp("127.0.0.1", (ushort)((IPEndPoint)destination.LocalEndpoint).Port),
            MaxConnections = 1,
        };
        await using StreamListener listener = StreamListener.Bind(options.Local);
        using var server = new ProxyServer(
            options, new Destination(options, NameTable.None, TimeProvider.System, log), TimeProvider.System, log);
        Task running = server.RunAsync(listener, stop.Token);

        using Socket first = await StreamConnector.ConnectAsync(options.Local, null, patience.Token);
        using Socket firstAccepted = await destination.AcceptSocketAsync(patience.Token);
        using Socket second = await StreamConnector.ConnectAsync(options.Local, null, patience.Token);
        await first.SendAsync("x"u8.ToArray());
        Assert.Equal(1, await firstAccepted.ReceiveAsync(new byte[1], patience.Token));
        first.Shutdown(SocketShutdown.Send);
        firstAccepted.Shutdown(SocketShutdown.Send);
        using Socket secondAccepted = await destination.AcceptSocketAsync(patience.Token);
        await second.SendAsync("y"u8.ToArray());
        Assert.Equal(1, await secondAccepted.ReceiveAsync(new byte[1], patience.Token));
        await stop.CancelAsync();
        await running;

        Assert.Equal(
            ["listening", "connection 1: relaying", "connection 1: ended", "connection 2: relaying"],
            log.All.Take(4).Select(line => string.Join(' ', line.Split(' ').Take(line.StartsWith("conn", StringComparison.Ordinal) ? 3 : 1))));
    }
}
