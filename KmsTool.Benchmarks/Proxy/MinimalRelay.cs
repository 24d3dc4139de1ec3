using System.Net;
using System.Net.Sockets;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>
/// The least that a hop through a process can cost: two threads for each connection, with blocking calls. What a proxy adds
/// to a round trip is compared with it.
/// </summary>
internal static class MinimalRelay
{
    private const int Backlog = 1024;
    private const int BufferLength = 64 * 1024;

    /// <summary>Relays from a Unix socket to a TCP port of this machine until the process ends.</summary>
    public static void Start(string path, int port)
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(Backlog);
        new Thread(() => AcceptAll(listener, port)) { IsBackground = true }.Start();
    }

    private static void AcceptAll(Socket listener, int port)
    {
        while (true)
        {
#pragma warning disable RS0030 // A Unix socket, which nobody disposes of while it waits.
            Socket accepted = listener.Accept();
#pragma warning restore RS0030
            var destination = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            destination.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
            destination.Connect(IPAddress.Loopback, port);
            new Thread(() => Relay(accepted, destination)) { IsBackground = true }.Start();
        }
    }

    private static void Relay(Socket accepted, Socket destination)
    {
        var down = new Thread(() => Carry(destination, accepted)) { IsBackground = true };
        down.Start();
        Carry(accepted, destination);
        down.Join();
        accepted.Dispose();
        destination.Dispose();
    }

    private static void Carry(Socket source, Socket destination)
    {
        try
        {
            byte[] buffer = new byte[BufferLength];
            while (source.Receive(buffer) is > 0 and var received)
            {
                destination.Send(buffer.AsSpan(0, received));
            }

            destination.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Whichever side broke off, the thread of the other direction is to end too.
            source.Dispose();
            destination.Dispose();
        }
    }
}
