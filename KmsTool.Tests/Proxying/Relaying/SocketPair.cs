using System.Net;
using System.Net.Sockets;

namespace KmsTool.Tests.Proxying.Relaying;

internal static class SocketPair
{
    /// <summary>Two ends of one TCP connection.</summary>
    public static async Task<(Socket Client, Socket Server)> ConnectAsync(CancellationToken cancellationToken)
    {
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        listener.Listen();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
        Task<Socket> accepting = listener.AcceptAsync(cancellationToken).AsTask();
        await client.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
        return (client, await accepting);
    }
}
