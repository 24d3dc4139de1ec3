using System.Net.Sockets;
using KmsTool.Enclave.Egress;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Egress;

/// <summary>Egress with a parent's proxy on every transport.</summary>
public sealed class EgressTransportTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Tunnel_joins_both_ways_and_ends_in_order(string transport)
    {
        await using var parent = StreamListener.Bind(Transports.Address(transport, _directory));
        await using TestEgress egress = Start(parent);
        using Socket application = await egress.DialAsync("CONNECT a.test:443 HTTP/1.1\r\n\r\n");
        using Socket proxy = await AcceptConnectAsync(parent, egress);
        Assert.Equal(TestEgress.Established, await egress.ReadHeadAsync(application));

        await egress.SendAsync(application, "request");
        application.Shutdown(SocketShutdown.Send);
        Assert.Equal("request", await egress.ReadAsync(proxy, 7));
        Assert.Equal(0, await proxy.ReceiveAsync(new byte[1], egress.Patience));
        await egress.SendAsync(proxy, "answer");
        proxy.Shutdown(SocketShutdown.Send);

        Assert.Equal("answer", await egress.ReadAsync(application, 6));
        Assert.Equal(0, await application.ReceiveAsync(new byte[1], egress.Patience));
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Parent_that_takes_nothing_and_goes_does_not_keep_egress_from_ending(string transport)
    {
        await using var parent = StreamListener.Bind(Transports.Address(transport, _directory));
        await using TestEgress egress = Start(parent);
        using Socket application = await egress.DialAsync("CONNECT a.test:443 HTTP/1.1\r\n\r\n");
        using Socket proxy = await AcceptConnectAsync(parent, egress);
        Task sending = application.SendUntilItWaits(new byte[64 * 1024], egress.Patience);

        proxy.Dispose();
        await egress.StopAsync();

        await sending.WhateverComesAsync();
        egress.Patience.ThrowIfCancellationRequested();
    }

    public void Dispose() => _directory.Dispose();

    private static TestEgress Start(StreamListener parent) => new(
        "a.test", configure: options => options with { Parent = new ParentRoutes { Other = parent.LocalAddress, OtherTakesConnect = true } });

    private static async Task<Socket> AcceptConnectAsync(StreamListener parent, TestEgress egress)
    {
        Socket proxy = await parent.AcceptAsync(egress.Patience);
        Assert.StartsWith("CONNECT a.test:443 HTTP/1.1\r\n", await egress.ReadHeadAsync(proxy), StringComparison.Ordinal);
        await egress.SendAsync(proxy, "HTTP/1.1 200 OK\r\n\r\n");
        return proxy;
    }
}
