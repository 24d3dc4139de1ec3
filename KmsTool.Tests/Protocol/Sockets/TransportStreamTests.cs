using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KmsTool.Enclave.Egress;
using KmsTool.Networking.Relaying;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Protocol.Sockets;

/// <summary>The sockets of every transport are good for all that is built upon sockets.</summary>
public sealed class TransportStreamTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(Transports.Patience);

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Tls_over_it_carries_both_directions(string transport)
    {
        using X509Certificate2 certificate = SelfSigned.Create("kms.test");
        await using TransportPair pair = await TransportPair.ConnectAsync(transport, _patience.Token);
        Task<SslStream> accepting = SelfSigned.AcceptAsync(pair.Server, certificate, _patience.Token);
        await using var client = new SslStream(new NetworkStream(pair.Client, ownsSocket: true));
        await client.AuthenticateAsClientAsync(SelfSigned.Trust(certificate, "kms.test"), _patience.Token);
        await using SslStream server = await accepting;

        await client.WriteAsync("request"u8.ToArray(), _patience.Token);
        byte[] buffer = new byte[7];
        await server.ReadExactlyAsync(buffer, _patience.Token);
        Assert.Equal("request"u8, buffer);
        await server.WriteAsync("answers"u8.ToArray(), _patience.Token);
        await client.ReadExactlyAsync(buffer, _patience.Token);
        Assert.Equal("answers"u8, buffer);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task HttpClient_over_it_reuses_its_connection(string transport)
    {
        await using var listener = StreamListener.Bind(Transports.Address(transport, _directory));
        Task serving = AnswerTwiceAsync(listener);
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellationToken) => new NetworkStream(
                await StreamConnector.ConnectAsync(listener.LocalAddress, null, cancellationToken), ownsSocket: true),
        };
        using var http = new HttpClient(handler) { Timeout = Transports.Patience };

        Assert.Equal("ok", await http.GetStringAsync(new Uri("http://kms.test/ping"), _patience.Token));
        Assert.Equal("ok", await http.GetStringAsync(new Uri("http://kms.test/ping"), _patience.Token));

        await serving;
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Read_of_no_bytes_waits_until_there_are_some(string transport)
    {
        await using TransportPair pair = await TransportPair.ConnectAsync(transport, _patience.Token);
        await using var stream = new NetworkStream(pair.Server);
        Task<int> waiting = stream.ReadAsync(Memory<byte>.Empty, _patience.Token).AsTask();
        Assert.False(waiting.IsCompleted);

        await pair.Client.SendAsync("ping"u8.ToArray(), _patience.Token);

        Assert.Equal(0, await waiting);
        byte[] buffer = new byte[8];
        Assert.Equal(4, await stream.ReadAsync(buffer, _patience.Token));
        Task<int> atEnd = stream.ReadAsync(Memory<byte>.Empty, _patience.Token).AsTask();
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await atEnd);
        Assert.Equal(0, await stream.ReadAsync(buffer, _patience.Token));
    }

    /// <summary>Options that a vsock does not know, such as NoDelay, make the socket call itself disconnected.</summary>
    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Sockets_fresh_from_listener_and_connector_are_connected(string transport)
    {
        await using TransportPair pair = await TransportPair.ConnectAsync(transport, _patience.Token);

        AssertConnected(pair.Client);
        AssertConnected(pair.Server);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Sockets_in_a_relay_stay_connected(string transport)
    {
        await using TransportPair near = await TransportPair.ConnectAsync(transport, _patience.Token);
        await using TransportPair far = await TransportPair.ConnectAsync(transport, _patience.Token);
        var joined = new Relay(near.Server, far.Client, new RelayOptions(), TimeProvider.System);
        Task<RelayResult> relay = joined.RunAsync(default, _patience.Token);
        byte[] buffer = new byte[8];

        await near.Client.SendAsync("ping"u8.ToArray(), _patience.Token);
        Assert.Equal(4, await far.Server.ReceiveAsync(buffer, _patience.Token));
        await far.Server.SendAsync("pong"u8.ToArray(), _patience.Token);
        Assert.Equal(4, await near.Client.ReceiveAsync(buffer, _patience.Token));

        Assert.All([near.Client, near.Server, far.Client, far.Server], AssertConnected);
        near.Client.Shutdown(SocketShutdown.Send);
        far.Server.Shutdown(SocketShutdown.Send);
        Assert.Equal(new RelayResult(4, 4, RelayEnd.Closed, null), await relay);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Socket_that_the_parents_proxy_has_led_on_stays_connected(string transport)
    {
        await using var listener = StreamListener.Bind(Transports.Address(transport, _directory));
        var routes = new ParentRoutes { Other = listener.LocalAddress, OtherTakesConnect = true };
        Task<Socket> connecting = routes.ConnectAsync("kms.test", 443, _patience.Token).AsTask();
        using Socket proxy = await listener.AcceptAsync(_patience.Token);
        await using var stream = new NetworkStream(proxy);
        Assert.StartsWith("CONNECT kms.test:443 HTTP/1.1\r\n", await ReadHeadAsync(stream), StringComparison.Ordinal);

        await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\nthe destination's"u8.ToArray(), _patience.Token);

        using Socket socket = await connecting;
        AssertConnected(socket);
        byte[] buffer = new byte["the destination's".Length];
        await new NetworkStream(socket).ReadExactlyAsync(buffer, _patience.Token);
        Assert.Equal("the destination's", Encoding.ASCII.GetString(buffer));
    }

    public void Dispose()
    {
        _patience.Dispose();
        _directory.Dispose();
    }

    private static void AssertConnected(Socket socket)
    {
        Assert.True(socket.Connected);
        // It looks at that.
        _ = new NetworkStream(socket, ownsSocket: false);
    }

    private async Task AnswerTwiceAsync(StreamListener listener)
    {
        using Socket socket = await listener.AcceptAsync(_patience.Token);
        await using var stream = new NetworkStream(socket);
        for (int i = 0; i < 2; i++)
        {
            Assert.StartsWith("GET /ping HTTP/1.1\r\n", await ReadHeadAsync(stream), StringComparison.Ordinal);
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"u8.ToArray(), _patience.Token);
        }
    }

    private async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, _patience.Token);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }
}
