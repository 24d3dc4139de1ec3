using System.Net.Sockets;
using KmsTool.Enclave.Egress;
using KmsTool.Tests.Networking.Relaying;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Enclave.Egress;

public class EgressServerTests
{
    [Theory]
    [InlineData("CONNECT example.com:443 HTTP/1.1\r\n\r\n", "", "", "example.com")]
    [InlineData("GET http://169.254.169.254/ HTTP/1.1\r\n\r\n", "", "", "169.254.169.254")]
    [InlineData("CONNECT evil.example.com:443 HTTP/1.1\r\n\r\n", "**.example.com", "evil.example.com", "evil.example.com")]
    [InlineData("CONNECT EVIL.example.com.:443 HTTP/1.1\r\n\r\n", "**.example.com", "evil.example.com", "EVIL.example.com")]
    [InlineData("CONNECT [2001:DB8:0::1]:443 HTTP/1.1\r\n\r\n", "::/0", "2001:db8::/32", "2001:db8::1")]
    [InlineData("CONNECT 10.1.2.3:443 HTTP/1.1\r\n\r\n", "10.0.0.0/8,**", "10.1.0.0/16", "10.1.2.3")]
    public async Task What_is_not_allowed_is_forbidden_and_the_parent_not_asked(string request, string allow, string deny, string named)
    {
        await using var egress = new TestEgress(allow, deny);

        string answer = await egress.AskAsync(request);

        Assert.StartsWith("HTTP/1.1 403 Forbidden\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith($"\r\n\r\n{named} is not among what egress allows\n", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.Ordinal);
        Assert.False(egress.Parent.Pending());
        Assert.Single(egress.Log.Warnings, text => text.Contains(named, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\r\n\r\n", "this is not an HTTP/1.1 request")]
    [InlineData("\r\n\r\n", "this is not an HTTP/1.1 request")]
    [InlineData("GET http://example.com/ HTTP/1.1\nHost: x\r\n\r\n", "this is not an HTTP/1.1 request")]
    [InlineData("GET http://example.com/ HTTP/1.1\r\n folded: x\r\n\r\n", "this is not an HTTP/1.1 request")]
    [InlineData("GET http://example.com/\tx HTTP/1.1\r\nX: \0\r\n\r\n", "this is not an HTTP/1.1 request")]
    [InlineData("GET http://example.com/ x HTTP/1.1\r\n\r\n", "this is not an HTTP/1.1 request")]
    [InlineData("GET http://example.com/ HTTP/2.0\r\n\r\n", "this is not an HTTP/1.1 request")]
    [InlineData("GET http://b\u00fccher.test/ HTTP/1.1\r\n\r\n", "this is not an HTTP/1.1 request")]
    [InlineData("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "this is a proxy: ask for http://HOST/PATH, or CONNECT HOST:PORT for https")]
    [InlineData("GET https://example.com/ HTTP/1.1\r\n\r\n", "this is a proxy: ask for http://HOST/PATH, or CONNECT HOST:PORT for https")]
    [InlineData("GET http:/// HTTP/1.1\r\n\r\n", "'http:///' is not http://HOST/PATH")]
    [InlineData("CONNECT example.com:0 HTTP/1.1\r\n\r\n", "'example.com:0' is not HOST:PORT")]
    [InlineData("CONNECT example.com:70000 HTTP/1.1\r\n\r\n", "'example.com:70000' is not HOST:PORT")]
    [InlineData("CONNECT example.com:443 HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "a CONNECT request has no body")]
    [InlineData("CONNECT example.com:443 HT", "the request ends in its head")]
    public async Task What_is_no_request_to_a_proxy_is_told_so(string request, string reason)
    {
        await using var egress = new TestEgress("**");

        string answer = await egress.AskAsync(request);

        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith($"\r\n\r\n{reason}\n", answer, StringComparison.Ordinal);
        Assert.False(egress.Parent.Pending());
    }

    [Fact]
    public async Task Head_without_end_is_refused_after_8_KiB()
    {
        await using var egress = new TestEgress("**");

        string answer = await egress.AskAsync("CONNECT example.com:443 HTTP/1.1\r\nX: " + new string('x', 9000));

        Assert.StartsWith("HTTP/1.1 431 ", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("CONNECT exam")]
    public async Task Application_that_does_not_go_on_is_told_so(string said)
    {
        var clock = new ManualClock();
        await using var egress = new TestEgress("**", configure: options => options with { RequestTimeout = TimeSpan.FromSeconds(9) }, time: clock);
        using Socket application = await egress.DialAsync(said);
        await clock.WaitForTimerAsync(TimeSpan.FromSeconds(9), egress.Patience);

        clock.Advance(TimeSpan.FromSeconds(9));

        Assert.StartsWith("HTTP/1.1 408 Request Timeout\r\n", await egress.ReadHeadAsync(application), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Application_that_closes_without_a_request_is_forgotten()
    {
        await using var egress = new TestEgress(configure: options => options with { MaxConnections = 1 });

        Assert.Equal("", await egress.AskAsync(""));
        Assert.StartsWith("HTTP/1.1 403 ", await egress.AskAsync("CONNECT example.com:443 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Applications_that_reset_after_any_byte_leave_others_untouched()
    {
        await using var egress = new TestEgress(configure: options => options with { MaxConnections = 4 });
        const string Request = "CONNECT example.com:443 HTTP/1.1\r\n\r\n";

        for (int length = 0; length <= Request.Length; length++)
        {
            using Socket resetting = await egress.DialAsync(Request[..length]);
            resetting.LingerState = new LingerOption(true, 0);
        }

        Assert.StartsWith("HTTP/1.1 403 ", await egress.AskAsync(Request), StringComparison.Ordinal);
        Assert.DoesNotContain(egress.Log.All, text => text.Contains("fault", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Connections_past_the_most_wait_and_are_served_in_turn()
    {
        const int Most = 3;
        // Its time stands, so that no connection has to give way before it has sent its request.
        await using var egress = new TestEgress("*.test", configure: options => options with { MaxConnections = Most }, time: new ManualClock());
        var applications = new List<Socket>();
        for (int i = 0; i < 20; i++)
        {
            applications.Add(await egress.DialAsync($"CONNECT h{i}.test:443 HTTP/1.1\r\n\r\n"));
        }

        var open = new Queue<Socket>();
        for (int i = 0; i < applications.Count; i++)
        {
            if (open.Count == Most)
            {
                Assert.False(egress.Parent.Pending());
                using Socket oldest = open.Dequeue();
            }

            Socket parent = await egress.AcceptAsync();
            string host = (await egress.ReadHeadAsync(parent)).Split(' ', ':')[1];
            await egress.SendAsync(parent, "HTTP/1.1 200 OK\r\n\r\n");
            Socket application = applications[int.Parse(host[1..^5], System.Globalization.CultureInfo.InvariantCulture)];
            Assert.Equal(TestEgress.Established, await egress.ReadHeadAsync(application));
            // The relay ends when both sides have.
            application.Shutdown(SocketShutdown.Send);
            open.Enqueue(parent);
        }

        open.ToList().ForEach(static socket => socket.Dispose());
        applications.ForEach(static socket => socket.Dispose());
    }

    [Theory]
    [InlineData("")]
    [InlineData("CONNECT exam")]
    public async Task Connection_without_a_request_gives_way_to_a_new_one(string said)
    {
        await using var egress = new TestEgress("*.test", configure: options => options with { MaxConnections = 2 });
        using Socket tunnel = await egress.DialAsync("CONNECT a.test:443 HTTP/1.1\r\n\r\n");
        using Socket tunnelParent = await egress.AcceptConnectAsync("a.test:443");
        await egress.ReadHeadAsync(tunnel);
        using Socket silent = await egress.DialAsync(said);

        using Socket other = await egress.DialAsync("CONNECT b.test:443 HTTP/1.1\r\n\r\n");
        using Socket otherParent = await egress.AcceptConnectAsync("b.test:443");
        await egress.ReadHeadAsync(other);

        await egress.WaitForEndAsync(silent);
        await egress.SendAsync(tunnel, "kept");
        Assert.Equal("kept", await egress.ReadAsync(tunnelParent, 4));
    }

    [Fact]
    public async Task Tunnel_that_has_been_idle_the_longest_gives_way_when_its_time_is_over()
    {
        var clock = new ManualClock();
        await using var egress = new TestEgress("*.test", configure: options => options with { MaxConnections = 3, TunnelPatience = TimeSpan.FromSeconds(10) }, time: clock);
        var tunnels = new List<(Socket Application, Socket Parent)>();
        foreach (string name in (string[])["idle", "idler", "busy"])
        {
            Socket application = await egress.DialAsync($"CONNECT {name}.test:443 HTTP/1.1\r\n\r\n");
            Socket parent = await egress.AcceptConnectAsync($"{name}.test:443");
            await egress.ReadHeadAsync(application);
            tunnels.Add((application, parent));
        }

        async Task carryAsync(int tunnel)
        {
            await egress.SendAsync(tunnels[tunnel].Parent, "x");
            Assert.Equal("x", await egress.ReadAsync(tunnels[tunnel].Application, 1));
        }

        clock.Advance(TimeSpan.FromSeconds(3));
        await carryAsync(0);
        clock.Advance(TimeSpan.FromSeconds(3));
        await carryAsync(2);
        using Socket further = await egress.DialAsync("CONNECT further.test:443 HTTP/1.1\r\n\r\n");
        await clock.WaitForTimerAsync(TimeSpan.FromSeconds(4) + TimeSpan.FromMilliseconds(1), egress.Patience);
        Assert.False(egress.Parent.Pending());

        clock.Advance(TimeSpan.FromSeconds(5));

        using Socket furtherParent = await egress.AcceptConnectAsync("further.test:443");
        await egress.WaitForEndAsync(tunnels[1].Application);
        await egress.WaitForEndAsync(tunnels[1].Parent);
        Assert.Contains("idler.test:443", await egress.Log.WaitForAsync("Idle", egress.Patience), StringComparison.Ordinal);
        await carryAsync(0);
        await carryAsync(2);
        foreach ((Socket application, Socket parent) in tunnels)
        {
            application.Dispose();
            parent.Dispose();
        }
    }

    [Fact]
    public async Task Many_connections_at_once_are_all_served()
    {
        await using var egress = new TestEgress("*.test", configure: options => options with { MaxConnections = 16 }, time: new ManualClock());
        var parent = Task.Run(async () =>
        {
            for (int i = 0; i < 200; i++)
            {
                using Socket socket = await egress.AcceptAsync();
                string head = await egress.ReadHeadAsync(socket);
                await egress.SendAsync(socket, $"HTTP/1.1 200 OK\r\n\r\n{head.Split(' ')[1]}");
                socket.Shutdown(SocketShutdown.Send);
                Assert.Equal("", await socket.ReadToEndAsync(egress.Patience));
            }
        });

        string[] answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => egress.AskAsync($"CONNECT h{i}.test:443 HTTP/1.1\r\n\r\n")));

        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{TestEgress.Established}h{i}.test:443"), answers);
        await parent;
    }

    [Fact]
    public async Task DisposeAsync_ends_what_is_open()
    {
        await using var egress = new TestEgress("*.test");
        using Socket joined = await egress.DialAsync("CONNECT joined.test:443 HTTP/1.1\r\n\r\n");
        using Socket joinedParent = await egress.AcceptConnectAsync("joined.test:443");
        await egress.ReadHeadAsync(joined);
        using Socket waiting = await egress.DialAsync("CONNECT waiting.test:443 HTTP/1.1\r\n\r\n");
        using Socket waitingParent = await egress.AcceptAsync();
        await egress.ReadHeadAsync(waitingParent);
        using Socket speaking = await egress.DialAsync("CONNECT spea");
        using Socket silent = await egress.DialAsync();
        using Socket refused = await egress.DialAsync("CONNECT elsewhere:443 HTTP/1.1\r\n\r\n");
        await egress.ReadHeadAsync(refused);

        await egress.StopAsync();

        foreach (Socket socket in new[] { joined, joinedParent, waiting, waitingParent, speaking, silent, refused })
        {
            await egress.WaitForEndAsync(socket);
        }
    }

    [Fact]
    public async Task Start_listens_on_loopback_only_and_says_when_the_port_is_taken()
    {
        await using var egress = new TestEgress();
        var options = new EgressSettings { Port = egress.Server.Address.Port, Rules = TestEgress.Rules("", ""), Parent = new ParentRoutes() };

        SocketException e = Assert.Throws<SocketException>(() => EgressServer.Start(options, TimeProvider.System, NullLogger.Instance));

        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
        Assert.Equal("127.0.0.1", egress.Server.Address.Host);
    }
}
