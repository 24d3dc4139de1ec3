using System.Net;
using System.Net.Sockets;
using System.Text;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Networking.Relaying;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

public class ConnectRouteTests
{
    private const string Established = "HTTP/1.1 200 Connection established\r\n\r\n";

    [Theory]
    [InlineData("127.0.0.1", "CONNECT 127.0.0.1:PORT HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n")]
    [InlineData("localhost", "CONNECT 127.0.0.1:PORT HTTP/1.0\r\n\r\n")]
    [InlineData("kms.test", "CONNECT KMS.test:PORT HTTP/1.1\r\nUser-Agent:  x\r\nProxy-Connection: keep-alive\r\n\r\n")]
    [InlineData("kms.test", "CONNECT kms.test.:PORT HTTP/1.1\r\n\r\n")]
    public async Task Listed_destination_is_joined_with_what_follows_the_request(string listed, string request)
    {
        var names = new NameTable { Answer = _ => NameTable.Addresses("127.0.0.1") };
        await using var proxy = new TestProxy(lookup: names.LookUpAsync);
        StreamAddress address = proxy.Unix("p");
        // A name leads to the parent only where its address is listed, too.
        await proxy.ApplyAsync([proxy.Connect(address, (listed, proxy.Port), ("127.0.0.1", proxy.Port))]);
        using Socket client = await proxy.DialAsync(address);

        // What the client says before it has the answer belongs to the destination.
        await SendAsync(client, request.Replace("PORT", $"{proxy.Port}", StringComparison.Ordinal) + "early");
        client.Shutdown(SocketShutdown.Send);
        using Socket accepted = await proxy.AcceptAsync();
        Assert.Equal("early", await accepted.ReadToEndAsync(proxy.Patience));
        await SendAsync(accepted, "late");
        accepted.Shutdown(SocketShutdown.Send);

        Assert.Equal(Established + "late", await client.ReadToEndAsync(proxy.Patience));
        Assert.Contains("5 bytes up, 4 down", await proxy.WaitForLogAsync("both sides closed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_that_comes_byte_by_byte_is_understood()
    {
        await using var proxy = new TestProxy();
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Connect(address, ("127.0.0.1", proxy.Port))]);
        using Socket client = await proxy.DialAsync(address);

        foreach (char c in $"CONNECT 127.0.0.1:{proxy.Port} HTTP/1.1\r\n\r\n")
        {
            await SendAsync(client, $"{c}");
        }

        using Socket accepted = await proxy.AcceptAsync();
        byte[] answer = new byte[Established.Length];
        await new NetworkStream(client).ReadExactlyAsync(answer, proxy.Patience);
        Assert.Equal(Established, Encoding.ASCII.GetString(answer));
        await proxy.AssertJoinedAsync(client, accepted);
    }

    [Theory]
    [InlineData("CONNECT elsewhere.test:443 HTTP/1.1\r\n\r\n", "403 Forbidden", "tcp:elsewhere.test:443 is not in the allowlist")]
    [InlineData("CONNECT kms.test:80 HTTP/1.1\r\n\r\n", "403 Forbidden", "tcp:kms.test:80 is not in the allowlist")]
    [InlineData("CONNECT 169.254.169.254:443 HTTP/1.1\r\n\r\n", "403 Forbidden", "tcp:169.254.169.254:443 is not in the allowlist")]
    [InlineData("CONNECT rebound.kms.test:443 HTTP/1.1\r\n\r\n", "403 Forbidden", "its address 169.254.169.254 is not allowed")]
    [InlineData("CONNECT [::1]:443 HTTP/1.1\r\n\r\n", "403 Forbidden", "tcp:[::1]:443 is not in the allowlist")]
    [InlineData("CONNECT [::1%1]:443 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT [fe80::1%251]:443 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT [64:ff9b::7f00:1]:443 HTTP/1.1\r\n\r\n", "403 Forbidden", "is not in the allowlist")]
    [InlineData("CONNECT loopback.kms.test:443 HTTP/1.1\r\n\r\n", "403 Forbidden", "its address 127.0.0.1 is not allowed")]
    [InlineData("CONNECT unknown.kms.test:443 HTTP/1.1\r\n\r\n", "502 Bad Gateway", "looking unknown.kms.test up failed")]
    [InlineData("GET / HTTP/1.1\r\nHost: kms.test\r\n\r\n", "405 Method Not Allowed", "the only method here is CONNECT")]
    [InlineData("connect kms.test:443 HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "the only method here is CONNECT")]
    [InlineData("CONNECT kms.test HTTP/1.1\r\n\r\n", "400 Bad Request", "'kms.test' is not HOST:PORT")]
    [InlineData("CONNECT kms.test:0 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT kms.test:65536 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT kms.test:+443 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT 2130706433:443 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT 2130706433.:443 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT 127.0.0.1.:443 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT [::ffff:127.0.0.1]:443 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT ::1:443 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT https://kms.test:443 HTTP/1.1\r\n\r\n", "400 Bad Request", "is not HOST:PORT")]
    [InlineData("CONNECT kms.test:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "400 Bad Request", "a CONNECT request has no body")]
    [InlineData("CONNECT kms.test:443 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "400 Bad Request", "a CONNECT request has no body")]
    [InlineData("CONNECT kms.test:443 HTTP/2.0\r\n\r\n", "400 Bad Request", "this is not an HTTP/1.1 request")]
    [InlineData("CONNECT  kms.test:443 HTTP/1.1\r\n\r\n", "400 Bad Request", "this is not an HTTP/1.1 request")]
    [InlineData("CONNECT kms.test:443 HTTP/1.1\r\n folded: x\r\n\r\n", "400 Bad Request", "this is not an HTTP/1.1 request")]
    [InlineData("CONNECT kms.test:443 HTTP/1.1\r\nno colon\r\n\r\n", "400 Bad Request", "this is not an HTTP/1.1 request")]
    [InlineData("CONNECT kms.test:443 HTTP/1.1\nHost: x\r\n\r\n", "400 Bad Request", "this is not an HTTP/1.1 request")]
    [InlineData("CONNECT kms.test:443 HTTP/1.1\r\nX: \0\r\n\r\n", "400 Bad Request", "this is not an HTTP/1.1 request")]
    [InlineData("\u0016\u0003\u0001\u0002\r\n\r\n", "400 Bad Request", "this is not an HTTP/1.1 request")]
    [InlineData("\r\n\r\n", "400 Bad Request", "this is not an HTTP/1.1 request")]
    public async Task What_is_not_admitted_is_answered_and_closed(string request, string status, string reason)
    {
        var names = new NameTable
        {
            Answer = name => name switch
            {
                "rebound.kms.test" => NameTable.Addresses("169.254.169.254", "127.0.0.1"),
                "loopback.kms.test" => NameTable.Addresses("127.0.0.1", "::1"),
                _ => throw NameTable.Unknown,
            },
        };
        await using var proxy = new TestProxy(lookup: names.LookUpAsync);
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Connect(address, ("kms.test", 443), ("*.kms.test", 443), ("0.0.0.0/0", 443), ("::/0", 443))]);
        using Socket client = await proxy.DialAsync(address);

        await SendAsync(client, request);
        // The client's side is open: the answer does not wait for its end.
        byte[] start = new byte[$"HTTP/1.1 {status}\r\n".Length];
        await new NetworkStream(client).ReadExactlyAsync(start, proxy.Patience);
        client.Shutdown(SocketShutdown.Send);
        string rest = await client.ReadToEndAsync(proxy.Patience);

        Assert.Equal($"HTTP/1.1 {status}\r\n", Encoding.ASCII.GetString(start));
        Assert.Contains("Connection: close\r\n", rest, StringComparison.Ordinal);
        Assert.Contains(reason, rest, StringComparison.Ordinal);
        await proxy.WaitForLogAsync(reason);
        Assert.False(proxy.Destination.Pending());
    }

    [Fact]
    public async Task Head_without_end_is_refused_after_8_KiB()
    {
        await using var proxy = new TestProxy();
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Connect(address, ("127.0.0.1", proxy.Port))]);
        using Socket client = await proxy.DialAsync(address);

        await SendAsync(client, $"CONNECT 127.0.0.1:{proxy.Port} HTTP/1.1\r\nX: " + new string('x', 9000));
        client.Shutdown(SocketShutdown.Send);

        Assert.StartsWith("HTTP/1.1 431 ", await client.ReadToEndAsync(proxy.Patience), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("CONNECT 127.")]
    public async Task Peer_that_does_not_go_on_is_told_so_and_leaves_others_untouched(string said)
    {
        await using var proxy = new TestProxy(new ProxySettings { RequestTimeout = TimeSpan.FromMilliseconds(100) });
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Connect(address, ("127.0.0.1", proxy.Port))]);
        using Socket slow = await proxy.DialAsync(address);
        await SendAsync(slow, said);

        using Socket client = await proxy.DialAsync(address);
        await SendAsync(client, $"CONNECT 127.0.0.1:{proxy.Port} HTTP/1.1\r\n\r\n");
        using Socket accepted = await proxy.AcceptAsync();

        byte[] start = new byte[12];
        await new NetworkStream(slow).ReadExactlyAsync(start, proxy.Patience);
        Assert.Equal("HTTP/1.1 408", Encoding.ASCII.GetString(start));
    }

    [Fact]
    public async Task Peers_that_reset_after_any_byte_leave_others_untouched()
    {
        await using var proxy = new TestProxy();
        // A Unix socket has no resets.
        await proxy.ApplyAsync([proxy.Connect(new StreamAddress.Tcp("127.0.0.1", 0), ("127.0.0.1", proxy.Port))]);
        StreamAddress address = proxy.Server.LocalAddresses.Single();
        string request = $"CONNECT 127.0.0.1:{proxy.Port} HTTP/1.1\r\n\r\n";
        using Socket client = await proxy.DialAsync(address);
        await SendAsync(client, request);
        using Socket accepted = await proxy.AcceptAsync();
        byte[] answer = new byte[Established.Length];
        await new NetworkStream(client).ReadExactlyAsync(answer, proxy.Patience);

        for (int length = 0; length <= request.Length; length++)
        {
            using Socket resetting = await proxy.DialAsync(address);
            await SendAsync(resetting, request[..length]);
            resetting.LingerState = new LingerOption(true, 0);
            resetting.Dispose();
            string line = await proxy.WaitForLogAsync($"connection {length + 2} of ");
            Assert.Contains("; Broken: ", line, StringComparison.Ordinal);
        }

        await proxy.AssertJoinedAsync(client, accepted);
        Assert.Equal(request.Length + 1, proxy.Metrics.Listeners.Single().CountOf(ConnectionEnd.Broken));
    }

    [Fact]
    public async Task Peer_that_closes_without_a_request_is_forgotten()
    {
        await using var proxy = new TestProxy();
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Connect(address, ("127.0.0.1", proxy.Port))]);

        (await proxy.DialAsync(address)).Dispose();

        await proxy.WaitForLogAsync("Closed: the peer closed without a request");
    }

    [Fact]
    public async Task Destination_that_does_not_answer_is_a_gateway_timeout()
    {
        // A queue of one that is full: Linux drops further connection requests without an answer.
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen(0);
        ushort port = (ushort)((IPEndPoint)server.LocalEndPoint!).Port;
        await using var proxy = new TestProxy(new ProxySettings { ConnectTimeout = TimeSpan.FromMilliseconds(100) });
        using Socket first = await proxy.DialAsync(new StreamAddress.Tcp("127.0.0.1", port));
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Connect(address, ("127.0.0.1", port))]);
        using Socket client = await proxy.DialAsync(address);

        await SendAsync(client, $"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n\r\n");
        client.Shutdown(SocketShutdown.Send);

        Assert.StartsWith("HTTP/1.1 504 ", await client.ReadToEndAsync(proxy.Patience), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AddressFamily.InterNetwork, "--ipv4", "[::1]", "::1 is not an IPv4 address, as --ipv4 asks")]
    [InlineData(AddressFamily.InterNetworkV6, "--ipv6", "127.0.0.1", "127.0.0.1 is not an IPv6 address, as --ipv6 asks")]
    public async Task Address_of_the_other_family_is_refused(AddressFamily family, string option, string host, string reason)
    {
        await using var proxy = new TestProxy(new ProxySettings { Family = family, FamilyOption = option });
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Connect(address, ("127.0.0.1", proxy.Port), ("::1", proxy.Port))]);
        using Socket client = await proxy.DialAsync(address);

        await SendAsync(client, $"CONNECT {host}:{proxy.Port} HTTP/1.1\r\n\r\n");
        client.Shutdown(SocketShutdown.Send);

        string answer = await client.ReadToEndAsync(proxy.Patience);
        Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal);
        Assert.Contains(reason, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Peer_that_does_not_take_the_answer_is_given_up()
    {
        var clock = new ManualClock();
        await using var proxy = new TestProxy(time: clock);
        await using var listener = StreamListener.Bind(proxy.Unix("l"));
        using Socket client = await proxy.DialAsync(listener.LocalAddress);
        using Socket accepted = await listener.AcceptAsync(proxy.Patience);
        await SendAsync(client, $"CONNECT 127.0.0.1:{proxy.Port} HTTP/1.1\r\n\r\n");
        Fill(accepted);

        Task<RouteResult> opening = proxy.Connect(listener.LocalAddress, ("127.0.0.1", proxy.Port)).Route
            .OpenAsync(accepted, CancellationToken.None, proxy.Patience);
        using Socket connected = await proxy.AcceptAsync();
        await clock.WaitForTimerAsync(proxy.Options.RequestTimeout, proxy.Patience);
        clock.Advance(proxy.Options.RequestTimeout);

        RouteResult result = await opening;
        Assert.Equal((null, ConnectionEnd.Stalled, "the peer did not take the answer within 10 s"), (result.Socket, result.End, result.Reason));
        Assert.Equal(0, await connected.ReceiveAsync(new byte[1], proxy.Patience));
    }

    [Fact]
    public async Task Peer_that_has_not_asked_does_not_hold_up_the_end()
    {
        // The clock stands: nothing here waits for its time to be over.
        var clock = new ManualClock();
        await using var proxy = new TestProxy(time: clock);
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Connect(address, ("127.0.0.1", proxy.Port))]);
        using Socket silent = await proxy.DialAsync(address);
        await clock.WaitForTimerAsync(proxy.Options.RequestTimeout, proxy.Patience);

        await proxy.StopAsync().WaitAsync(proxy.Patience);

        Assert.Equal(0, await silent.ReceiveAsync(new byte[1], proxy.Patience));
        await proxy.WaitForLogAsync("Stopped: the proxy ended before a request came");
    }

    /// <summary>Sends until the kernel takes no more.</summary>
    private static void Fill(Socket socket)
    {
        socket.Blocking = false;
        SocketError error = SocketError.Success;
        while (error == SocketError.Success)
        {
            socket.Send(new byte[4096], SocketFlags.None, out error);
        }

        // The last bit of room.
        do
        {
            socket.Send([0], SocketFlags.None, out error);
        }
        while (error == SocketError.Success);
        Assert.Equal(SocketError.WouldBlock, error);
    }

    private static async Task SendAsync(Socket socket, string text) => await socket.SendAsync(Encoding.Latin1.GetBytes(text));
}
