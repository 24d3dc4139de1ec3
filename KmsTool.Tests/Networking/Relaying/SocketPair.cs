using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Networking.Relaying;

internal static class SocketPair
{
    /// <summary>Two ends of one connection: of vsock where there is one for tests, else of TCP.</summary>
    public static async Task<(Socket Client, Socket Server)> ConnectAsync(CancellationToken cancellationToken)
    {
        if (!Transports.HaveVsock)
        {
            return await ConnectTcpAsync(cancellationToken);
        }

        await using var listener = StreamListener.Bind(new StreamAddress.Vsock(Transports.LocalCid, 0));
        Socket client = await StreamConnector.ConnectAsync(listener.LocalAddress, null, cancellationToken);
        return (client, await listener.AcceptAsync(cancellationToken));
    }

    /// <summary>Two ends of one TCP connection.</summary>
    public static async Task<(Socket Client, Socket Server)> ConnectTcpAsync(CancellationToken cancellationToken)
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        listener.Listen();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        Task<Socket> accepting = listener.AcceptAsync(cancellationToken).AsTask();
        await client.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
        return (client, await accepting);
    }

    /// <summary>Waits until the peer has broken the connection off: a reset in TCP, which vsock does not tell from an end.</summary>
    public static async Task AssertBrokenOffAsync(this Socket socket, CancellationToken cancellationToken)
    {
        try
        {
            int received = await socket.ReceiveAsync(new byte[1], cancellationToken);
            Assert.True(Transports.HaveVsock && received == 0, $"received {received}");
        }
        catch (SocketException)
        {
            // As it should.
        }
    }
}
