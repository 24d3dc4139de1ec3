using System.Net;
using System.Net.Sockets;

namespace KmsTool.Protocol.Sockets;

/// <summary>Connects to a <see cref="StreamAddress"/>.</summary>
internal static class StreamConnector
{
    private static readonly TimeSpan FullBacklogPause = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// Connects; the caller owns the socket and bounds the wait with <paramref name="cancellationToken"/>. Waits while a Unix
    /// socket's backlog is full.
    /// </summary>
    /// <exception cref="SocketException">
    /// No process listens there, or it cannot be reached. On vsock a refused port is
    /// <see cref="SocketError.ConnectionReset"/> and an unroutable CID <see cref="SocketError.TimedOut"/>.
    /// </exception>
    /// <exception cref="IOException">This machine can make no vsock sockets.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static async ValueTask<Socket> ConnectAsync(
        StreamAddress address, StreamSocketOptions? options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        options ??= StreamSocketOptions.Default;
        while (true)
        {
            (Socket socket, EndPoint remote) = CreateSocket(address, options);
            try
            {
                await socket.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
                return socket;
            }
            catch (SocketException e) when (address is StreamAddress.Unix && e.SocketErrorCode == SocketError.WouldBlock)
            {
                // The listener's backlog is full. connect(2) on a blocking socket would wait; on ours it fails at once.
                socket.Dispose();
                await Task.Delay(FullBacklogPause, cancellationToken).ConfigureAwait(false);
            }
            catch (SocketException e) when (address is StreamAddress.Unix && e.SocketErrorCode == SocketError.AddressNotAvailable)
            {
                // ENOENT has no SocketError of its own, and the text of this one is about IP addresses.
                socket.Dispose();
                throw new SocketException((int)e.SocketErrorCode, "The Unix socket does not exist");
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }

    /// <summary>Connects over TCP to an address that need not be looked up; the caller owns the socket.</summary>
    /// <exception cref="SocketException">No process listens there, or it cannot be reached.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public static async ValueTask<Socket> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(remote);
        var socket = new Socket(remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
            await socket.ConnectAsync(remote, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static (Socket Socket, EndPoint Remote) CreateSocket(StreamAddress address, StreamSocketOptions options)
    {
        switch (address)
        {
            case StreamAddress.Vsock vsock:
                return (VsockSocket.Create(options), new VsockEndPoint(vsock.Cid, vsock.Port));
            case StreamAddress.Unix unix:
                return (new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified),
                    new UnixDomainSocketEndPoint(unix.Path));
            case StreamAddress.Tcp tcp:
                var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
                client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
                return (client, IPAddress.TryParse(tcp.Host, out IPAddress? ip)
                    ? new IPEndPoint(ip, tcp.Port)
                    : new DnsEndPoint(tcp.Host, tcp.Port));
            default:
                throw new ArgumentException($"Unknown address {address}.", nameof(address));
        }
    }
}
