using System.Net;
using System.Net.Sockets;
using KmsTool.Enclave.Egress;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Instance.VsockProxy;
using KmsTool.Tests.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Networking.Relaying;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Egress;

/// <summary>CONNECT through egress, and what the parent's proxy may do.</summary>
public class EgressTunnelTests
{
    private const string Connect = "CONNECT kms.test:443 HTTP/1.1\r\nHost: kms.test:443\r\n\r\n";

    [Fact]
    public async Task Bytes_pass_both_ways_after_either_side_has_closed_its_own()
    {
        await using var egress = new TestEgress("kms.test");
        using Socket application = await egress.DialAsync(Connect + "early");
        using Socket parent = await egress.AcceptConnectAsync("kms.test:443");

        Assert.Equal(TestEgress.Established, await egress.ReadHeadAsync(application));
        application.Shutdown(SocketShutdown.Send);
        Assert.Equal("early", await parent.ReadToEndAsync(egress.Patience));
        await egress.SendAsync(parent, "late");
        parent.Shutdown(SocketShutdown.Send);

        Assert.Equal("late", await application.ReadToEndAsync(egress.Patience));
        Assert.Equal("Egress to kms.test:443: 5 bytes up, 4 down; Closed", await egress.Log.WaitForAsync("bytes up", egress.Patience));
    }

    [Fact]
    public async Task Destination_that_closes_first_is_still_sent_to()
    {
        await using var egress = new TestEgress("kms.test");
        using Socket application = await egress.DialAsync(Connect);
        using Socket parent = await egress.AcceptConnectAsync("kms.test:443");

        parent.Shutdown(SocketShutdown.Send);
        Assert.Equal(TestEgress.Established, await application.ReadToEndAsync(egress.Patience));
        await egress.SendAsync(application, "late");
        application.Shutdown(SocketShutdown.Send);

        Assert.Equal("late", await parent.ReadToEndAsync(egress.Patience));
    }

    [Fact]
    public async Task The_parents_real_proxy_leads_to_the_destination()
    {
        var names = new NameTable { Answer = _ => NameTable.Addresses("127.0.0.1") };
        await using var proxy = new TestProxy(lookup: names.LookUpAsync);
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Connect(address, ("kms.test", proxy.Port), ("127.0.0.1", proxy.Port))]);
        await using var egress = new TestEgress("*.test", configure: options => options with { Parent = new ParentRoutes { Other = address, OtherTakesConnect = true } });

        using Socket application = await egress.DialAsync($"CONNECT KMS.test.:{proxy.Port} HTTP/1.1\r\n\r\n");
        using Socket destination = await proxy.AcceptAsync();
        Assert.Equal(TestEgress.Established, await egress.ReadHeadAsync(application));
        await proxy.AssertJoinedAsync(application, destination);
        await proxy.AssertJoinedAsync(destination, application);

        string refused = await egress.AskAsync($"CONNECT other.test:{proxy.Port} HTTP/1.1\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 502 Bad Gateway\r\n", refused, StringComparison.Ordinal);
        Assert.Contains("HTTP/1.1 403 Forbidden", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Large_transfers_arrive_whole()
    {
        await using var egress = new TestEgress("kms.test");
        using Socket application = await egress.DialAsync(Connect);
        using Socket parent = await egress.AcceptConnectAsync("kms.test:443");
        await egress.ReadHeadAsync(application);
        string text = string.Create(3_000_000, 0, static (characters, _) =>
        {
            for (int i = 0; i < characters.Length; i++)
            {
                characters[i] = (char)('a' + (i % 23));
            }
        });

        Task sending = egress.SendAsync(parent, text).ContinueWith(_ => parent.Shutdown(SocketShutdown.Send), TaskScheduler.Default);
        string received = await application.ReadToEndAsync(egress.Patience);
        await sending;

        Assert.True(text == received);
    }

    [Fact]
    public async Task Answer_of_the_parent_in_single_bytes_is_understood_and_what_follows_is_the_applications()
    {
        await using var egress = new TestEgress("kms.test");
        using Socket application = await egress.DialAsync(Connect);
        using Socket parent = await egress.AcceptAsync();
        await egress.ReadHeadAsync(parent);

        foreach (char c in "HTTP/1.0 299 \r\nX: \r\n\r\n")
        {
            await egress.SendAsync(parent, $"{c}");
        }

        await egress.SendAsync(parent, "\r\n\r\nbanner");
        parent.Shutdown(SocketShutdown.Send);
        Assert.Equal(TestEgress.Established + "\r\n\r\nbanner", await application.ReadToEndAsync(egress.Patience));
    }

    [Fact]
    public async Task What_follows_the_parents_answer_at_once_is_the_applications()
    {
        await using var egress = new TestEgress("kms.test");
        using Socket application = await egress.DialAsync(Connect);
        using Socket parent = await egress.AcceptAsync();
        await egress.ReadHeadAsync(parent);

        await egress.SendAsync(parent, "HTTP/1.1 200 OK\r\nX: " + new string('x', 8000) + "\r\n\r\nHTTP/1.1 500 banner\r\n\r\n");
        parent.Shutdown(SocketShutdown.Send);

        Assert.Equal(TestEgress.Established + "HTTP/1.1 500 banner\r\n\r\n", await application.ReadToEndAsync(egress.Patience));
    }

    [Theory]
    [InlineData("HTTP/1.1 403 For\u001b[31mbidden\r\nX: y\r\n\r\n", "HTTP/1.1 403 For?[31mbidden")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 2000 OK")]
    [InlineData("HTTP/2 200 OK\r\n\r\n", "HTTP/2 200 OK")]
    [InlineData("HTTP/1.1\r\n\r\n", "HTTP/1.1")]
    [InlineData("HTTP/1.1 502 Bad\nX: \u00ff\r\n\r\n", "HTTP/1.1 502 Bad?X: ?")]
    [InlineData("\r\n\r\n", "the parent's proxy does not lead to kms.test:443: ")]
    [InlineData("HTTP/1.1 200 OK\r\n", "the parent's proxy closed the connection")]
    [InlineData("", "the parent's proxy closed the connection")]
    public async Task Parent_that_does_not_lead_on_is_a_bad_gateway_with_its_reason_made_printable(string answer, string reason)
    {
        await using var egress = new TestEgress("kms.test");
        Task<string> asking = egress.AskAsync(Connect);
        using (Socket parent = await egress.AcceptAsync())
        {
            await egress.ReadHeadAsync(parent);
            await egress.SendAsync(parent, answer);
        }

        string told = await asking;

        Assert.StartsWith("HTTP/1.1 502 Bad Gateway\r\n", told, StringComparison.Ordinal);
        Assert.Contains("kms.test:443 cannot be reached: ", told, StringComparison.Ordinal);
        Assert.Contains(reason, told, StringComparison.Ordinal);
        string logged = await egress.Log.WaitForAsync(reason, egress.Patience);
        Assert.DoesNotContain(logged, c => c is < ' ' or > '~');
    }

    [Fact]
    public async Task Parents_answer_without_end_is_given_up_after_8_KiB()
    {
        await using var egress = new TestEgress("kms.test");
        Task<string> asking = egress.AskAsync(Connect);
        using Socket parent = await egress.AcceptAsync();
        await egress.ReadHeadAsync(parent);

        await egress.SendAsync(parent, "HTTP/1.1 200 OK\r\nX: " + new string('x', 8192));

        Assert.Contains("answers with something other than HTTP", await asking, StringComparison.Ordinal);
        await egress.WaitForEndAsync(parent);
    }

    [Fact]
    public async Task Parents_reason_is_cut_short()
    {
        await using var egress = new TestEgress("kms.test");
        Task<string> asking = egress.AskAsync(Connect);
        using Socket parent = await egress.AcceptAsync();
        await egress.ReadHeadAsync(parent);

        await egress.SendAsync(parent, "HTTP/1.1 403 " + new string('x', 4000) + "\r\n\r\n");

        Assert.InRange((await asking).Length, 200, 600);
    }

    [Fact]
    public async Task Parent_that_is_silent_is_a_gateway_timeout()
    {
        var clock = new ManualClock();
        await using var egress = new TestEgress("kms.test", configure: options => options with { ConnectTimeout = TimeSpan.FromSeconds(7) }, time: clock);
        Task<string> asking = egress.AskAsync(Connect);
        using Socket parent = await egress.AcceptAsync();
        await egress.ReadHeadAsync(parent);

        clock.Advance(TimeSpan.FromSeconds(7));

        string told = await asking;
        Assert.StartsWith("HTTP/1.1 504 Gateway Timeout\r\n", told, StringComparison.Ordinal);
        Assert.EndsWith("kms.test:443 did not answer within 7 s\n", told, StringComparison.Ordinal);
        await egress.WaitForEndAsync(parent);
    }

    [Fact]
    public async Task Parent_where_nobody_listens_is_a_bad_gateway()
    {
        using var directory = new TempDirectory();
        await using var egress = new TestEgress("kms.test", configure: options => options with
        {
            Parent = ParentRoutes.To(new StreamAddress.Unix(directory["missing"])),
        });

        Assert.StartsWith("HTTP/1.1 502 Bad Gateway\r\n", await egress.AskAsync(Connect), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Destination_with_a_listener_of_its_own_gets_no_connect()
    {
        using var own = new TcpListener(IPAddress.Loopback, 0);
        own.Start();
        await using var egress = new TestEgress("kms.test,[::1],other.test", configure: options => options with
        {
            Parent = new ParentRoutes
            {
                Fixed = new Dictionary<(string, int), StreamAddress>
                {
                    [("kms.test", 443)] = TestEgress.AddressOf(own),
                    [("::1", 443)] = TestEgress.AddressOf(own),
                },
            },
        });

        foreach (string name in new[] { "KMS.test.", "[0:0::1]" })
        {
            using Socket application = await egress.DialAsync($"CONNECT {name}:443 HTTP/1.1\r\n\r\nhello");
            using Socket destination = await own.AcceptSocketAsync(egress.Patience);
            Assert.Equal("hello", await egress.ReadAsync(destination, 5));
            Assert.Equal(TestEgress.Established, await egress.ReadHeadAsync(application));
        }

        Assert.Contains("no route leads to other.test:443", await egress.AskAsync("CONNECT other.test:443 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.False(own.Pending());
    }

    [Fact]
    public async Task Application_that_resets_ends_the_connection_to_the_parent()
    {
        await using var egress = new TestEgress("kms.test");
        Socket application = await egress.DialAsync(Connect);
        using Socket parent = await egress.AcceptConnectAsync("kms.test:443");
        await egress.ReadHeadAsync(application);

        application.LingerState = new LingerOption(true, 0);
        application.Dispose();

        await egress.WaitForEndAsync(parent);
        Assert.Contains("Broken", await egress.Log.WaitForAsync("bytes up", egress.Patience), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Application_that_goes_while_the_parent_is_asked_is_forgotten()
    {
        await using var egress = new TestEgress("kms.test", configure: options => options with { MaxConnections = 1 });
        Socket application = await egress.DialAsync(Connect);
        using (Socket parent = await egress.AcceptAsync())
        {
            await egress.ReadHeadAsync(parent);
            application.LingerState = new LingerOption(true, 0);
            application.Dispose();
            await egress.SendAsync(parent, "HTTP/1.1 200 OK\r\n\r\n");
            await egress.WaitForEndAsync(parent);
        }

        Assert.StartsWith("HTTP/1.1 403 ", await egress.AskAsync("CONNECT elsewhere.test:443 HTTP/1.1\r\n\r\n"), StringComparison.Ordinal);
        Assert.DoesNotContain(egress.Log.All, text => text.Contains("fault", StringComparison.Ordinal));
    }
}
