using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace KmsTool.Protocol.Sockets;

/// <summary>Accepts connections at a <see cref="StreamAddress"/>.</summary>
internal sealed class StreamListener : IAsyncDisposable
{
    private readonly Socket _socket;
    private string? _unixPath;

    private StreamListener(Socket socket, StreamAddress localAddress, string? unixPath)
    {
        _socket = socket;
        LocalAddress = localAddress;
        _unixPath = unixPath;
    }

    /// <summary>Where it listens, with the port that the system chose when 0 was asked for.</summary>
    public StreamAddress LocalAddress { get; }

    /// <summary>
    /// Binds and listens. A Unix socket is made for the owner only (mode 0600), replaces one that no process serves any more and
    /// is removed by <see cref="DisposeAsync"/>.
    /// </summary>
    /// <exception cref="SocketException">The address is in use or may not be bound.</exception>
    /// <exception cref="IOException">This machine can make no vsock sockets, or the path cannot be used.</exception>
    public static StreamListener Bind(StreamAddress address, StreamSocketOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        options ??= StreamSocketOptions.Default;
        return address switch
        {
            StreamAddress.Vsock vsock => BindVsock(vsock, options),
            StreamAddress.Unix unix => BindUnix(unix, options),
            StreamAddress.Tcp tcp => BindTcp(tcp, options),
            _ => throw new ArgumentException($"Unknown address {address}.", nameof(address)),
        };
    }

    /// <summary>Waits for the next connection; the caller owns the socket.</summary>
    /// <exception cref="SocketException">This one failed (for instance no descriptor is left); the listener continues.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, or the listener disposed.</exception>
    public async ValueTask<Socket> AcceptAsync(CancellationToken cancellationToken)
    {
        try
        {
            Socket accepted = await _socket.AcceptAsync(cancellationToken).ConfigureAwait(false);
            if (LocalAddress is StreamAddress.Tcp)
            {
                SendAtOnce(accepted);
            }

            return accepted;
        }
        catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
        {
            throw new OperationCanceledException("The listener has been closed.", e, cancellationToken);
        }
    }

    /// <summary>Stops listening and removes the Unix socket; accepted connections live on. May be called more than once.</summary>
    public ValueTask DisposeAsync()
    {
        // The path goes first, and once: after that another process may take it.
        try
        {
            if (Interlocked.Exchange(ref _unixPath, null) is { } path)
            {
                File.Delete(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The directory went before us, and the socket with it.
        }

        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void SendAtOnce(Socket accepted)
    {
        try
        {
            accepted.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
        }
        catch (SocketException)
        {
            // The peer has reset it already: the first read says so.
        }
    }

    private static StreamListener BindVsock(StreamAddress.Vsock address, StreamSocketOptions options)
    {
        Socket socket = VsockSocket.Create(options);
        uint port = address.Port == 0 ? VsockEndPoint.AnyPort : address.Port;
        Listen(socket, new VsockEndPoint(address.Cid, port), options);
        return new StreamListener(socket, address with { Port = ((VsockEndPoint)socket.LocalEndPoint!).Port }, null);
    }

    private static StreamListener BindTcp(StreamAddress.Tcp address, StreamSocketOptions options)
    {
        IPAddress ip = IPAddress.TryParse(address.Host, out IPAddress? literal)
            ? literal
            : Dns.GetHostAddresses(address.Host)[0];
        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        Listen(socket, new IPEndPoint(ip, address.Port), options);
        return new StreamListener(socket, address with { Port = (ushort)((IPEndPoint)socket.LocalEndPoint!).Port }, null);
    }

    private static StreamListener BindUnix(StreamAddress.Unix address, StreamSocketOptions options)
    {
        var endPoint = new UnixDomainSocketEndPoint(address.Path);
        Socket socket = NewUnixSocket();
        try
        {
            Bind(socket, endPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse && IsAbandoned(endPoint))
        {
            File.Delete(address.Path);
            socket = NewUnixSocket();
            Bind(socket, endPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressNotAvailable)
        {
            // ENOENT has no SocketError of its own, and the text of this one is about IP addresses.
            throw new SocketException((int)e.SocketErrorCode, "The directory of the Unix socket does not exist");
        }

        // Between bind and listen no peer can connect, so at no moment can another user.
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(address.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        socket.Listen(options.Backlog);
        return new StreamListener(socket, address, address.Path);
    }

    private static Socket NewUnixSocket() => new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    // A socket file outlives a process that was killed; connecting to it is refused then. Any other file answers differently.
    private static bool IsAbandoned(EndPoint endPoint)
    {
        using Socket probe = NewUnixSocket();
        try
        {
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused && IsSocket(endPoint.ToString()!);
        }
    }

    // connect(2) refuses a regular file with the same error; open(2) refuses only a socket with ENXIO.
    private static bool IsSocket(string path)
    {
        const int NoSuchDeviceOrAddress = 6;
        try
        {
            using SafeFileHandle handle = File.OpenHandle(path);
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.HResult == NoSuchDeviceOrAddress;
        }
    }

    private static void Listen(Socket socket, EndPoint endPoint, StreamSocketOptions options)
    {
        Bind(socket, endPoint);
        socket.Listen(options.Backlog);
    }

    private static void Bind(Socket socket, EndPoint endPoint)
    {
        try
        {
            socket.Bind(endPoint);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
