using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Protocol.Sockets;

public class VsockEndPointTests
{
    /// <summary>struct sockaddr_vm of linux/vm_sockets.h on a little-endian machine: family, reserved, port, CID, flags, padding.</summary>
    [Fact]
    public void Serialize_isSockaddrVm()
    {
        SocketAddress address = new VsockEndPoint(3, 8000).Serialize();

        Assert.Equal("2800000040 1F0000 03000000 00000000".Replace(" ", "", StringComparison.Ordinal),
            Convert.ToHexString(address.Buffer.Span[..address.Size]));
    }

    [Fact]
    public void Create_fromSockaddrVm_readsItBack()
    {
        var any = new VsockEndPoint(VsockEndPoint.AnyCid, 0xDEADBEEF);

        Assert.Equal(any, any.Create(any.Serialize()));
        Assert.Equal("vsock:3:8000", new VsockEndPoint(3, 8000).ToString());
    }

    [Fact]
    public void Create_fromAnotherFamily_isRefused()
    {
        var endPoint = new VsockEndPoint(3, 8000);

        Assert.Throws<ArgumentException>(() => endPoint.Create(new IPEndPoint(IPAddress.Loopback, 80).Serialize()));
        Assert.Throws<ArgumentException>(() => endPoint.Create(new SocketAddress(AddressFamily.Unspecified, 4)));
    }

    /// <summary>What a socket wrapped around a vsock descriptor reports; the two must agree.</summary>
    [Fact]
    public void AddressFamily_isUnknown() => Assert.Equal(AddressFamily.Unknown, new VsockEndPoint(3, 1).AddressFamily);
}
