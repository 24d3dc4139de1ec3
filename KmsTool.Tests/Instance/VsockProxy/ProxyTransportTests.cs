using System.Net.Sockets;
using System.Text;
using KmsTool.Instance.VsockProxy;
using KmsTool.Networking.Hosts;
using KmsTool.Networking.Relaying;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary>The proxy's listeners on every transport.</summary>
public sealed class ProxyTransportTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Fixed_listener_joins_both_ways_and_ends_in_order(string transport)
    {
        await using var proxy = new TestProxy();
        await proxy.ApplyAsync([proxy.Fixed(Transports.Address(transport, _directory))]);
        StreamAddress address = proxy.Server.LocalAddresses.Single();
        using Socket client = await proxy.DialAsync(address);
        using Socket destination = await proxy.AcceptAsync();

        await proxy.AssertJoinedAsync(client, destination);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await destination.ReceiveAsync(new byte[1], proxy.Patience));
        await proxy.AssertJoinedAsync(destination, client);
        destination.Shutdown(SocketShutdown.Send);

        Assert.Equal(0, await client.ReceiveAsync(new byte[1], proxy.Patience));
        string ended = await proxy.WaitForLogAsync("both sides closed");
        if (transport == Transports.Vsock)
        {
            Assert.Contains($"of CID {Transports.LocalCid} ", ended, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Connect_listener_leads_on(string transport)
    {
        await using var proxy = new TestProxy();
        await proxy.ApplyAsync([proxy.Connect(Transports.Address(transport, _directory), ("127.0.0.1", new PortRange(proxy.Port, proxy.Port)))]);
        using Socket client = await proxy.DialAsync(proxy.Server.LocalAddresses.Single());

        await client.SendAsync(Encoding.ASCII.GetBytes($"CONNECT 127.0.0.1:{proxy.Port} HTTP/1.1\r\n\r\n"), proxy.Patience);

        using Socket destination = await proxy.AcceptAsync();
        byte[] answer = new byte["HTTP/1.1 200 Connection established\r\n\r\n".Length];
        await new NetworkStream(client).ReadExactlyAsync(answer, proxy.Patience);
        Assert.StartsWith("HTTP/1.1 200 ", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
        await proxy.AssertJoinedAsync(client, destination);
        await proxy.AssertJoinedAsync(destination, client);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Enclave_that_takes_nothing_and_goes_gives_its_place_back(string transport)
    {
        await using var proxy = new TestProxy(new ProxySettings { Relay = new RelayOptions { SendTimeout = TimeSpan.FromSeconds(2) } });
        await proxy.ApplyAsync([proxy.Fixed(Transports.Address(transport, _directory), maxConnections: 1)]);
        StreamAddress address = proxy.Server.LocalAddresses.Single();
        using Socket deaf = await proxy.DialAsync(address);
        using Socket destination = await proxy.AcceptAsync();
        Task sending = destination.SendUntilItWaits(new byte[64 * 1024], proxy.Patience);

        deaf.Dispose();

        using Socket next = await proxy.DialAsync(address);
        using Socket nextDestination = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(next, nextDestination);
        destination.Dispose();
        await sending.WhateverComesAsync();
        proxy.Patience.ThrowIfCancellationRequested();
    }

    [VsockFact]
    public async Task Sockets_of_the_options_reach_the_listeners()
    {
        await using var proxy = new TestProxy(new ProxySettings { Sockets = new StreamSocketOptions(3584), MaxPerPeer = 0 });
        await proxy.ApplyAsync([proxy.Fixed(Transports.Address(Transports.Vsock, _directory), maxConnections: 1)]);
        StreamAddress address = proxy.Server.LocalAddresses.Single();
        using Socket first = await proxy.DialAsync(address);
        using Socket destination = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(first, destination);

        // There is no place for it, and nobody reads what it sends.
        using Socket second = await proxy.DialAsync(address);

        Assert.Equal(3584, second.SendWhatIsTaken());
    }

    public void Dispose() => _directory.Dispose();
}
