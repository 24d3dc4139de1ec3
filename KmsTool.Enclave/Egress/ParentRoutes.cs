using System.Net.Sockets;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Enclave.Egress;

/// <summary>
/// How connections leave the enclave: each through the parent's proxy, at a listener of its destination's own or at one that is
/// told where to go (CONNECT).
/// </summary>
internal sealed record ParentRoutes
{
    /// <summary>Listeners of the parent's proxy that lead to one destination each.</summary>
    public IReadOnlyDictionary<(string Host, int Port), StreamAddress> Fixed { get; init; } = new Dictionary<(string, int), StreamAddress>();

    /// <summary>The listener for destinations that have none of their own.</summary>
    public StreamAddress? Other { get; init; }

    /// <summary>Whether <see cref="Other"/> asks where to go; if not, it leads where it leads.</summary>
    public bool OtherTakesConnect { get; init; }

    /// <summary>Options of the sockets.</summary>
    public StreamSocketOptions Sockets { get; init; } = StreamSocketOptions.Default;

    /// <summary>One listener for everything, which leads to one destination.</summary>
    public static ParentRoutes To(StreamAddress listener) => new() { Other = listener };

    /// <summary>Connects; the caller owns the socket.</summary>
    /// <exception cref="SocketException">The parent's proxy cannot be reached.</exception>
    /// <exception cref="IOException">It does not take the connection on, or there is no route.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public async ValueTask<Socket> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (Fixed.TryGetValue((host.ToLowerInvariant(), port), out StreamAddress? own))
        {
            return await StreamConnector.ConnectAsync(own, Sockets, cancellationToken);
        }

        if (Other is null)
        {
            throw new IOException($"no route leads to {host}:{port}");
        }

        Socket socket = await StreamConnector.ConnectAsync(Other, Sockets, cancellationToken);
        if (!OtherTakesConnect)
        {
            return socket;
        }

        try
        {
            await ConnectRequest.SendAsync(socket, host, port, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public override string ToString() =>
        string.Join(", ", Fixed.Select(route => $"{route.Key.Host}:{route.Key.Port} by {route.Value}")
            .Append(Other is null ? "nothing else" : OtherTakesConnect ? $"CONNECT at {Other}" : $"{Other}"));
}
