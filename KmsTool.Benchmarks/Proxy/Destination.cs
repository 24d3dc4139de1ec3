using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>
/// What the proxies connect to, on TCP of this machine. Blocking calls on threads of its own: each accepts a connection,
/// serves it and accepts the next, so that a connection costs no thread and no way between threads.
/// </summary>
internal sealed class Destination : IDisposable
{
    public const int BufferLength = 256 * 1024;

    private const int Backlog = 4096;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentBag<Socket> _held = [];
    private long _received;
    private volatile bool _sourcesRun = true;
    private volatile bool _disposed;

    /// <param name="threads">How many connections it serves at once; those that are held do not count.</param>
    public Destination(int threads)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(Backlog);
        for (int i = 0; i < threads; i++)
        {
            new Thread(AcceptAll) { IsBackground = true, Name = "destination" }.Start();
        }
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>Bytes that all sinks have received.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Lets those sources run that begin from now on.</summary>
    public void BeginSources() => _sourcesRun = true;

    /// <summary>Has all sources close their connections.</summary>
    public void EndSources() => _sourcesRun = false;

    public void Dispose()
    {
        _disposed = true;
        _listener.Dispose();
        foreach (Socket held in _held)
        {
            held.Dispose();
        }
    }

    private void AcceptAll()
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
        while (!_disposed)
        {
            try
            {
#pragma warning disable RS0030 // TCP only, where Dispose does wake it.
                Socket connection = _listener.Accept();
#pragma warning restore RS0030
                if (!Serve(connection, buffer))
                {
                    connection.Dispose();
                }
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.TooManyOpenSockets)
            {
                // It would fail over and over. Who waits for an answer tells how many there were before.
                return;
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // A client or a proxy broke off, and its own measurement tells.
            }
        }
    }

    /// <returns>Whether the connection is held, and not to be closed.</returns>
    private bool Serve(Socket connection, byte[] buffer)
    {
        connection.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
        Span<byte> first = stackalloc byte[1];
        if (connection.Receive(first) == 0)
        {
            return false;
        }

        switch ((Service)first[0])
        {
            case Service.Exchange:
                connection.Send(first);
                return false;
            case Service.Echo:
                Echo(connection, buffer);
                return false;
            case Service.Sink:
                while (connection.Receive(buffer) is > 0 and var received)
                {
                    Interlocked.Add(ref _received, received);
                }

                return false;
            case Service.Source:
                while (_sourcesRun)
                {
                    connection.Send(buffer);
                }

                return false;
            case Service.Hold:
                _held.Add(connection);
                connection.Send(first);
                return true;
            default:
                return false;
        }
    }

    private static void Echo(Socket connection, byte[] buffer)
    {
        while (connection.Receive(buffer) is > 0 and var received)
        {
            connection.Send(buffer.AsSpan(0, received));
        }
    }
}
