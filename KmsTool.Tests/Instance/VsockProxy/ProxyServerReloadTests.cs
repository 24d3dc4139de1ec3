using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary>Plans that take the place of others.</summary>
public class ProxyServerReloadTests
{
    [Fact]
    public async Task ApplyAsync_new_plans_leave_open_connections_alone()
    {
        await using var proxy = new TestProxy();
        (StreamAddress kept, StreamAddress removed, StreamAddress added) = (proxy.Unix("kept"), proxy.Unix("removed"), proxy.Unix("added"));
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        await proxy.ApplyAsync([proxy.Fixed(kept), proxy.Fixed(removed)]);
        using Socket ofKept = await proxy.DialAsync(kept);
        using Socket ofKeptAccepted = await proxy.AcceptAsync();
        using Socket ofRemoved = await proxy.DialAsync(removed);
        using Socket ofRemovedAccepted = await proxy.AcceptAsync();

        await proxy.ApplyAsync([proxy.Fixed(kept, port: (ushort)((IPEndPoint)other.LocalEndpoint).Port), proxy.Fixed(added)]);

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
        await proxy.ApplyAsync([proxy.Fixed(old)]);

        await Assert.ThrowsAsync<ListenException>(
            () => proxy.ApplyAsync([proxy.Fixed(free), proxy.Fixed(new StreamAddress.Tcp("127.0.0.1", proxy.Port))]));

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
        await proxy.ApplyAsync([proxy.Fixed(address, maxConnections: 1)]);
        using Socket first = await proxy.DialAsync(address);
        using Socket firstAccepted = await proxy.AcceptAsync();
        using Socket second = await proxy.DialAsync(address);

        await proxy.ApplyAsync([proxy.Fixed(address, maxConnections: 2)]);

        using Socket secondAccepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(second, secondAccepted);
    }

    [Theory]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("127.0.0.1", "0.0.0.0")]
    public async Task ApplyAsync_address_of_the_same_port_takes_the_place_of_the_old_one(string before, string after)
    {
        await using var proxy = new TestProxy();
        await proxy.ApplyAsync([proxy.Fixed(new StreamAddress.Tcp(before, 0))]);
        ushort port = ((StreamAddress.Tcp)proxy.Server.LocalAddresses.Single()).Port;
        using Socket old = await proxy.DialAsync(new StreamAddress.Tcp("127.0.0.1", port));
        using Socket oldAccepted = await proxy.AcceptAsync();

        await proxy.ApplyAsync([proxy.Fixed(new StreamAddress.Tcp(after, port))]);

        Assert.Equal(new StreamAddress.Tcp(after, port), proxy.Server.LocalAddresses.Single());
        await proxy.AssertJoinedAsync(old, oldAccepted);
        using Socket client = await proxy.DialAsync(new StreamAddress.Tcp("127.0.0.1", port));
        using Socket accepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(client, accepted);
    }

    [Fact]
    public async Task ApplyAsync_that_fails_opens_again_what_had_made_way()
    {
        await using var proxy = new TestProxy();
        await proxy.ApplyAsync([proxy.Fixed(new StreamAddress.Tcp("0.0.0.0", 0))]);
        ushort port = ((StreamAddress.Tcp)proxy.Server.LocalAddresses.Single()).Port;

        await Assert.ThrowsAsync<ListenException>(() => proxy.ApplyAsync(
            [proxy.Fixed(new StreamAddress.Tcp("127.0.0.1", port)), proxy.Fixed(new StreamAddress.Unix("/nonexistent/x"))]));

        Assert.Equal(new StreamAddress.Tcp("0.0.0.0", port), proxy.Server.LocalAddresses.Single());
        using Socket client = await proxy.DialAsync(new StreamAddress.Tcp("127.0.0.1", port));
        using Socket accepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(client, accepted);
    }
}
