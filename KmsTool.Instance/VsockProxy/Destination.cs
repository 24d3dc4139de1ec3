using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy;

/// <summary>Connects to a proxy's destination: one address, or a name with any number of them.</summary>
internal sealed class Destination(ProxyOptions options, NameLookup lookup, TimeProvider time, ILogger logger)
{
    private const int KeepAliveSeconds = 60;

    private readonly NameResolver _names = new(options.Destination.Host, options.Family, lookup, time, logger);

    // An address is never looked up.
    private readonly IReadOnlyList<IPAddress>? _fixed =
        options.Addresses ?? (IPAddress.TryParse(options.Destination.Host, out IPAddress? address) ? [address] : null);

    /// <exception cref="DestinationException">It cannot be reached, or not within the time for it.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public async Task<Socket> ConnectAsync(CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            Socket socket = _fixed is null ? await ConnectByNameAsync(either.Token) : await ConnectAsync(_fixed, either.Token);
            KeepAlive(socket);
            return socket;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DestinationException($"no answer within {options.ConnectTimeout.TotalSeconds:0.###} s", e);
        }
    }

    /// <summary>Addresses of AWS services change: when all known ones fail, those that the name has now get a chance.</summary>
    private async Task<Socket> ConnectByNameAsync(CancellationToken cancellationToken)
    {
        Resolution known = await _names.ResolveAsync(cancellationToken);
        try
        {
            return await ConnectAsync(known.Addresses, cancellationToken);
        }
        catch (Exception e) when (e is DestinationException or OperationCanceledException)
        {
            // When the time is up the lookup is for the connections that follow.
            Task<Resolution> again = _names.ResolveAgainAsync(known, cancellationToken);
            IPAddress[] others = [.. (await again).Addresses.Except(known.Addresses)];
            if (others.Length == 0)
                throw;

            return await ConnectAsync(others, cancellationToken);
        }
    }

    private Task<Socket> ConnectAsync(IReadOnlyList<IPAddress> addresses, CancellationToken cancellationToken) =>
        HappyEyeballs.ConnectAsync(addresses, options.Destination.Port, time, cancellationToken);

    // A destination that vanishes without a word would hold its connection for ever.
    private static void KeepAlive(Socket socket)
    {
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveSeconds);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new DestinationException(e.Message, e);
        }
    }
}
