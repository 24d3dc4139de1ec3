using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Networking.Relaying;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

public class ProxyServerTests
{
    private static readonly StreamAddress.Tcp AnyTcp = new("127.0.0.1", 0);

    [Fact]
    public async Task Connections_over_the_limit_wait_for_a_place()
    {
        await using var proxy = new TestProxy();
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Fixed(address, maxConnections: 1)]);
        using Socket first = await proxy.DialAsync(address);
        using Socket firstAccepted = await proxy.AcceptAsync();
        using Socket second = await proxy.DialAsync(address);
        await proxy.AssertJoinedAsync(first, firstAccepted);
        Assert.False(proxy.Destination.Pending());

        first.Shutdown(SocketShutdown.Send);
        firstAccepted.Shutdown(SocketShutdown.Send);

        using Socket secondAccepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(second, secondAccepted);
        Assert.Contains("both sides closed", await proxy.WaitForLogAsync("connection 1 of unix"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_over_the_limit_are_refused_where_the_options_say_so()
    {
        await using var proxy = new TestProxy(new ProxySettings { RefusesWhenFull = true });
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Fixed(address, maxConnections: 1)]);
        using Socket first = await proxy.DialAsync(address);
        using Socket firstAccepted = await proxy.AcceptAsync();

        using Socket second = await proxy.DialAsync(address);

        Assert.Equal("", await second.ReadToEndAsync(proxy.Patience));
        await proxy.WaitForLogAsync("TooMany: the limit of 1 connections is reached");
        await proxy.AssertJoinedAsync(first, firstAccepted);
    }

    [Fact]
    public async Task A_peer_over_its_share_is_refused_and_others_are_not()
    {
        await using var proxy = new TestProxy(new ProxySettings { MaxPerPeer = 2 });
        await proxy.ApplyAsync([proxy.Fixed(AnyTcp)]);
        using Socket one = await DialFromAsync(proxy, "127.0.0.2");
        using Socket oneAccepted = await proxy.AcceptAsync();
        using Socket two = await DialFromAsync(proxy, "127.0.0.2");
        using Socket twoAccepted = await proxy.AcceptAsync();

        using Socket three = await DialFromAsync(proxy, "127.0.0.2");
        Assert.Equal("", await three.ReadToEndAsync(proxy.Patience));
        using Socket other = await DialFromAsync(proxy, "127.0.0.3");
        using Socket otherAccepted = await proxy.AcceptAsync();

        await proxy.AssertJoinedAsync(other, otherAccepted);
        await proxy.AssertJoinedAsync(one, oneAccepted);
        Assert.Equal(1, proxy.Metrics.Listeners.Single().CountOf(ConnectionEnd.TooMany));
        // A place that is given back can be taken again.
        two.Shutdown(SocketShutdown.Send);
        twoAccepted.Shutdown(SocketShutdown.Send);
        await proxy.WaitForLogAsync("both sides closed");
        using Socket again = await DialFromAsync(proxy, "127.0.0.2");
        using Socket againAccepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(again, againAccepted);
    }

    [Fact]
    public async Task A_peer_that_is_not_listed_is_refused()
    {
        await using var proxy = new TestProxy();
        var peers = new PeerList(new HashSet<uint>(), new HashSet<IPAddress> { IPAddress.Parse("127.0.0.2") });
        await proxy.ApplyAsync([proxy.Fixed(AnyTcp, peers: peers)]);

        using Socket stranger = await DialFromAsync(proxy, "127.0.0.3");
        Assert.Equal("", await stranger.ReadToEndAsync(proxy.Patience));
        using Socket known = await DialFromAsync(proxy, "127.0.0.2");
        using Socket accepted = await proxy.AcceptAsync();

        await proxy.AssertJoinedAsync(known, accepted);
        await proxy.WaitForLogAsync("connection 1 of 127.0.0.3 to tcp:127.0.0.1:");
        Assert.Equal(1, proxy.Metrics.Listeners.Single().CountOf(ConnectionEnd.PeerNotAllowed));
    }

    [Fact]
    public async Task StopAsync_lets_connections_end_and_takes_no_new_ones()
    {
        await using var proxy = new TestProxy(new ProxySettings { DrainTimeout = TimeSpan.FromMinutes(10) });
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Fixed(address)]);
        using Socket client = await proxy.DialAsync(address);
        using Socket accepted = await proxy.AcceptAsync();

        Task stopping = proxy.StopAsync();

        await proxy.WaitForLogAsync("waits up to 600 s for 1 connections");
        await Assert.ThrowsAsync<SocketException>(() => proxy.DialAsync(address));
        await proxy.AssertJoinedAsync(client, accepted);
        Assert.False(stopping.IsCompleted);
        client.Shutdown(SocketShutdown.Send);
        accepted.Shutdown(SocketShutdown.Send);
        await stopping.WaitAsync(proxy.Patience);
    }

    [Fact]
    public async Task StopAsync_breaks_off_what_is_open_when_the_drain_time_is_over()
    {
        var clock = new ManualClock();
        await using var proxy = new TestProxy(new ProxySettings { DrainTimeout = TimeSpan.FromSeconds(10) }, time: clock);
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Fixed(address)]);
        using Socket client = await proxy.DialAsync(address);
        using Socket accepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(client, accepted);

        Task stopping = proxy.StopAsync();
        await clock.WaitForTimerAsync(TimeSpan.FromSeconds(10), proxy.Patience);
        clock.Advance(TimeSpan.FromSeconds(10));

        await stopping.WaitAsync(proxy.Patience);
        await proxy.WaitForLogAsync("1 bytes up, 0 down in 10.000 s; Stopped: stopped");
        await Assert.ThrowsAsync<SocketException>(() => accepted.ReceiveAsync(new byte[1], proxy.Patience).AsTask());
    }

    [Fact]
    public async Task Connections_over_the_limit_of_all_wait_though_listeners_have_places()
    {
        await using var proxy = new TestProxy();
        (StreamAddress one, StreamAddress removed, StreamAddress two) = (proxy.Unix("one"), proxy.Unix("removed"), proxy.Unix("two"));
        await proxy.ApplyAsync([proxy.Fixed(one), proxy.Fixed(removed)], maxConnections: 2);
        using Socket ofOne = await proxy.DialAsync(one);
        using Socket ofOneAccepted = await proxy.AcceptAsync();
        using Socket ofRemoved = await proxy.DialAsync(removed);
        using Socket ofRemovedAccepted = await proxy.AcceptAsync();
        using Socket first = await proxy.DialAsync(one);
        await proxy.ApplyAsync([proxy.Fixed(one), proxy.Fixed(two)], maxConnections: 2);
        using Socket second = await proxy.DialAsync(two);

        // Connections of a listener that is no more have their places until they end.
        await proxy.AssertJoinedAsync(ofOne, ofOneAccepted);
        await proxy.AssertJoinedAsync(ofRemoved, ofRemovedAccepted);
        Assert.False(proxy.Destination.Pending());
        ofRemoved.Dispose();
        ofRemovedAccepted.Dispose();
        using Socket next = await proxy.AcceptAsync();
        ofOne.Dispose();
        ofOneAccepted.Dispose();

        using Socket last = await proxy.AcceptAsync();
        await Task.WhenAll(EchoAsync(next), EchoAsync(last), AssertEchoAsync(proxy, first), AssertEchoAsync(proxy, second));
    }

    [Fact]
    public async Task Connections_over_the_limit_of_all_are_refused_where_the_options_say_so()
    {
        await using var proxy = new TestProxy(new ProxySettings { RefusesWhenFull = true });
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Fixed(address)], maxConnections: 1);
        using Socket first = await proxy.DialAsync(address);
        using Socket firstAccepted = await proxy.AcceptAsync();

        using Socket second = await proxy.DialAsync(address);

        Assert.Equal("", await second.ReadToEndAsync(proxy.Patience));
        await proxy.WaitForLogAsync("TooMany: the limit of open files allows no more connections");
        await proxy.AssertJoinedAsync(first, firstAccepted);
    }

    [Fact]
    public async Task Connection_that_waits_for_a_place_of_all_is_let_go_when_the_proxy_ends()
    {
        await using var proxy = new TestProxy();
        StreamAddress address = proxy.Unix("p");
        await proxy.ApplyAsync([proxy.Fixed(address)], maxConnections: 1);
        using Socket first = await proxy.DialAsync(address);
        using Socket firstAccepted = await proxy.AcceptAsync();
        using Socket second = await proxy.DialAsync(address);
        // Nobody tells that it is accepted, and waits.
        while (proxy.Metrics.Listeners.Single().Accepted < 2)
        {
            proxy.Patience.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Task stopping = proxy.StopAsync();

        Assert.Equal("", await second.ReadToEndAsync(proxy.Patience));
        await proxy.AssertJoinedAsync(first, firstAccepted);
        first.Dispose();
        firstAccepted.Dispose();
        await stopping.WaitAsync(proxy.Patience);
    }

    private static async Task EchoAsync(Socket socket)
    {
        byte[] buffer = new byte[1];
        await socket.ReceiveAsync(buffer);
        await socket.SendAsync(buffer);
    }

    private static async Task AssertEchoAsync(TestProxy proxy, Socket socket)
    {
        await socket.SendAsync("x"u8.ToArray(), proxy.Patience);
        Assert.Equal(1, await socket.ReceiveAsync(new byte[1], proxy.Patience));
    }

    private static async Task<Socket> DialFromAsync(TestProxy proxy, string source)
    {
        var address = (StreamAddress.Tcp)proxy.Server.LocalAddresses.Single();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port), proxy.Patience);
        return socket;
    }
}
