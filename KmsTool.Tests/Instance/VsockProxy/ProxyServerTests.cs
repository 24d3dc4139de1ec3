using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Protocol.Vsock;
using KmsTool.Tests.Proxying.Relaying;
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
        await proxy.Server.ApplyAsync([proxy.Fixed(address, maxConnections: 1)]);
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
        await using var proxy = new TestProxy(new ProxyOptions { RefusesWhenFull = true });
        StreamAddress address = proxy.Unix("p");
        await proxy.Server.ApplyAsync([proxy.Fixed(address, maxConnections: 1)]);
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
        await using var proxy = new TestProxy(new ProxyOptions { MaxPerPeer = 2 });
        await proxy.Server.ApplyAsync([proxy.Fixed(AnyTcp)]);
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
        Assert.Equal(1, proxy.Metrics.Listeners.Single().Ended(ConnectionEnd.TooMany));
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
        await proxy.Server.ApplyAsync([proxy.Fixed(AnyTcp, peers: peers)]);

        using Socket stranger = await DialFromAsync(proxy, "127.0.0.3");
        Assert.Equal("", await stranger.ReadToEndAsync(proxy.Patience));
        using Socket known = await DialFromAsync(proxy, "127.0.0.2");
        using Socket accepted = await proxy.AcceptAsync();

        await proxy.AssertJoinedAsync(known, accepted);
        await proxy.WaitForLogAsync("connection 1 of 127.0.0.3 to tcp:127.0.0.1:");
        Assert.Equal(1, proxy.Metrics.Listeners.Single().Ended(ConnectionEnd.PeerNotAllowed));
    }

    [Fact]
    public async Task ApplyAsync_new_plans_leave_open_connections_alone()
    {
        await using var proxy = new TestProxy();
        (StreamAddress kept, StreamAddress removed, StreamAddress added) = (proxy.Unix("kept"), proxy.Unix("removed"), proxy.Unix("added"));
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        await proxy.Server.ApplyAsync([proxy.Fixed(kept), proxy.Fixed(removed)]);
        using Socket ofKept = await proxy.DialAsync(kept);
        using Socket ofKeptAccepted = await proxy.AcceptAsync();
        using Socket ofRemoved = await proxy.DialAsync(removed);
        using Socket ofRemovedAccepted = await proxy.AcceptAsync();

        await proxy.Server.ApplyAsync([proxy.Fixed(kept, port: (ushort)((IPEndPoint)other.LocalEndpoint).Port), proxy.Fixed(added)]);

        await proxy.AssertJoinedAsync(ofKept, ofKeptAccepted);
        await proxy.AssertJoinedAsync(ofRemovedAccepted, ofRemoved);
        using Socket toOther = await proxy.DialAsync(kept);
        using Socket toOtherAccepted = await other.AcceptSocketAsync(proxy.Patience);
        await proxy.AssertJoinedAsync(toOther, toOtherAccepted);
        using Socket ofAdded = await proxy.DialAsync(added);
        using Socket ofAddedAccepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(ofAdded, ofAddedAccepted);
        await Assert.ThrowsAsync<SocketException>(() => proxy.DialAsync(removed));
    }

    [Fact]
    public async Task ApplyAsync_address_that_is_taken_changes_nothing()
    {
        await using var proxy = new TestProxy();
        (StreamAddress old, StreamAddress free) = (proxy.Unix("old"), proxy.Unix("free"));
        await proxy.Server.ApplyAsync([proxy.Fixed(old)]);

        await Assert.ThrowsAsync<ListenException>(
            () => proxy.Server.ApplyAsync([proxy.Fixed(free), proxy.Fixed(new StreamAddress.Tcp("127.0.0.1", proxy.Port))]));

        using Socket client = await proxy.DialAsync(old);
        using Socket accepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(client, accepted);
        await Assert.ThrowsAsync<SocketException>(() => proxy.DialAsync(free));
    }

    [Fact]
    public async Task ApplyAsync_more_places_let_those_in_who_wait()
    {
        await using var proxy = new TestProxy();
        StreamAddress address = proxy.Unix("p");
        await proxy.Server.ApplyAsync([proxy.Fixed(address, maxConnections: 1)]);
        using Socket first = await proxy.DialAsync(address);
        using Socket firstAccepted = await proxy.AcceptAsync();
        using Socket second = await proxy.DialAsync(address);

        await proxy.Server.ApplyAsync([proxy.Fixed(address, maxConnections: 2)]);

        using Socket secondAccepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(second, secondAccepted);
    }

    [Fact]
    public async Task StopAsync_lets_connections_end_and_takes_no_new_ones()
    {
        await using var proxy = new TestProxy(new ProxyOptions { DrainTimeout = TimeSpan.FromMinutes(10) });
        StreamAddress address = proxy.Unix("p");
        await proxy.Server.ApplyAsync([proxy.Fixed(address)]);
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
        await using var proxy = new TestProxy(new ProxyOptions { DrainTimeout = TimeSpan.FromSeconds(10) }, time: clock);
        StreamAddress address = proxy.Unix("p");
        await proxy.Server.ApplyAsync([proxy.Fixed(address)]);
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
    public async Task Peers_that_say_nothing_flood_or_reset_leave_others_untouched()
    {
        await using var proxy = new TestProxy();
        (StreamAddress address, StreamAddress other) = (proxy.Unix("p"), proxy.Unix("other"));
        using var otherDestination = new TcpListener(IPAddress.Loopback, 0);
        otherDestination.Start();
        await proxy.Server.ApplyAsync(
            [proxy.Fixed(address, maxConnections: 64), proxy.Fixed(other, port: (ushort)((IPEndPoint)otherDestination.LocalEndpoint).Port)]);
        using Socket client = await proxy.DialAsync(address);
        using Socket accepted = await proxy.AcceptAsync();
        var flood = new List<Socket>();
        for (int i = 0; i < 300; i++)
        {
            Socket one = await proxy.DialAsync(address);
            one.LingerState = new LingerOption(true, 0);
            if (i % 2 == 0)
                one.Dispose();
            else
                flood.Add(one);
        }

        await proxy.AssertJoinedAsync(client, accepted);
        using Socket elsewhere = await proxy.DialAsync(other);
        using Socket elsewhereAccepted = await otherDestination.AcceptSocketAsync(proxy.Patience);
        await proxy.AssertJoinedAsync(elsewhere, elsewhereAccepted);
        flood.ForEach(socket => socket.Dispose());
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
