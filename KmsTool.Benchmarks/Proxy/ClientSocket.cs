using System.Net;
using System.Net.Sockets;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>The enclave's side of a connection: a blocking socket, on which no asynchronous call is ever made.</summary>
internal static class ClientSocket
{
    /// <summary>Connects and asks for <paramref name="service"/>.</summary>
    /// <exception cref="SocketException">Nobody listens, or nobody has a descriptor left.</exception>
    public static Socket Connect(EndPoint entrance, Service service)
    {
        bool isTcp = entrance is IPEndPoint;
        var socket = new Socket(entrance.AddressFamily, SocketType.Stream, isTcp ? ProtocolType.Tcp : ProtocolType.Unspecified);
        try
        {
            if (isTcp)
            {
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
            }

            socket.Connect(entrance);
            socket.Send([(byte)service]);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A whole connection: a byte there, the byte back, the end.</summary>
    /// <exception cref="SocketException">It broke off.</exception>
    public static void Exchange(EndPoint entrance)
    {
        using Socket socket = Connect(entrance, Service.Exchange);
        Span<byte> reply = stackalloc byte[1];
        // The destination closes first, so that the port that is blocked for a minute (TIME_WAIT) is its own, always the
        // same one, and the proxies do not run out of ports.
        if (socket.Receive(reply) != 1 || socket.Receive(reply) != 0)
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }
}
