using System.Net;
using System.Net.Sockets;
using KmsTool.Enclave.Egress;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Enclave.Egress;

public sealed class ParentRoutesTests : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly TcpListener _own = new(IPAddress.Loopback, 0);
    private readonly TcpListener _other = new(IPAddress.Loopback, 0);

    public ParentRoutesTests()
    {
        _own.Start();
        _other.Start();
    }

    [Theory]
    [InlineData("kms.test", 443)]
    [InlineData("KMS.Test", 443)]
    public async Task ConnectAsync_destination_with_a_listener_of_its_own_goes_there_and_asks_nothing(string host, int port)
    {
        using Socket socket = await Routes().ConnectAsync(host, port, _patience.Token);
        using Socket accepted = await _own.AcceptSocketAsync(_patience.Token);

        socket.Shutdown(SocketShutdown.Send);

        Assert.Equal(0, await accepted.ReceiveAsync(new byte[1], _patience.Token));
        Assert.False(_other.Pending());
    }

    [Theory]
    [InlineData("kms.test", 80)]
    [InlineData("other.test", 443)]
    public async Task ConnectAsync_any_other_goes_to_the_listener_that_takes_all(string host, int port)
    {
        using Socket socket = await Routes().ConnectAsync(host, port, _patience.Token);
        using Socket accepted = await _other.AcceptSocketAsync(_patience.Token);

        Assert.False(_own.Pending());
    }

    [Fact]
    public async Task ConnectAsync_without_a_way_says_so()
    {
        ParentRoutes routes = Routes() with { Other = null };

        IOException e = await Assert.ThrowsAsync<IOException>(() => routes.ConnectAsync("other.test", 443, _patience.Token).AsTask());

        Assert.Equal("no route leads to other.test:443", e.Message);
    }

    [Fact]
    public async Task ConnectAsync_refused_connect_closes_the_connection()
    {
        ParentRoutes routes = Routes() with { OtherTakesConnect = true };
        Task<Socket> connecting = routes.ConnectAsync("::1", 443, _patience.Token).AsTask();
        using Socket accepted = await _other.AcceptSocketAsync(_patience.Token);
        byte[] request = new byte["CONNECT [::1]:443 HTTP/1.1\r\nHost: [::1]:443\r\n\r\n".Length];
        await new NetworkStream(accepted).ReadExactlyAsync(request, _patience.Token);

        await accepted.SendAsync("HTTP/1.1 403 Forbidden\r\n\r\n"u8.ToArray(), _patience.Token);

        IOException e = await Assert.ThrowsAsync<IOException>(() => connecting);
        Assert.Equal("the parent's proxy does not lead to [::1]:443: HTTP/1.1 403 Forbidden", e.Message);
        Assert.Equal(0, await accepted.ReceiveAsync(new byte[1], _patience.Token));
    }

    [Fact]
    public void ToString_tells_the_ways()
    {
        var kms = new StreamAddress.Vsock(3, 8001);

        Assert.Equal("kms.test:443 by vsock:3:8001, nothing else", new ParentRoutes { Fixed = Fixed(kms) }.ToString());
        Assert.Equal("kms.test:443 by vsock:3:8001, CONNECT at vsock:3:8001", new ParentRoutes { Fixed = Fixed(kms), Other = kms, OtherTakesConnect = true }.ToString());
        Assert.Equal("vsock:3:8001", ParentRoutes.To(kms).ToString());
    }

    public void Dispose()
    {
        _own.Dispose();
        _other.Dispose();
        _patience.Dispose();
    }

    private static Dictionary<(string, int), StreamAddress> Fixed(StreamAddress address) => new() { [("kms.test", 443)] = address };

    private ParentRoutes Routes() => new() { Fixed = Fixed(TestEgress.AddressOf(_own)), Other = TestEgress.AddressOf(_other) };
}
