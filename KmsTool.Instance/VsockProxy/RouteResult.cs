using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;

namespace KmsTool.Instance.VsockProxy;

/// <summary>A connection for a peer, or why it gets none.</summary>
/// <param name="Destination">What it was to lead to, fit for a log.</param>
/// <param name="Socket">The connection, which the caller owns; <see langword="null"/> if there is none.</param>
/// <param name="Early">Bytes for it that the peer has sent already.</param>
/// <param name="End">Why there is none.</param>
/// <param name="Reason">The same in words.</param>
internal sealed record RouteResult(string Destination, Socket? Socket, ReadOnlyMemory<byte> Early, ConnectionEnd End, string? Reason)
{
    public static RouteResult Connected(string destination, Socket socket, ReadOnlyMemory<byte> early = default) =>
        new(destination, socket, early, ConnectionEnd.Closed, null);

    public static RouteResult Refused(string destination, ConnectionEnd end, string reason) => new(destination, null, default, end, reason);

    public static RouteResult Refused(string destination, DestinationException failure) => Refused(
        destination,
        failure.Failure switch
        {
            DestinationFailure.Unresolved => ConnectionEnd.Unresolved,
            DestinationFailure.NotAllowed => ConnectionEnd.NotAllowed,
            DestinationFailure.TimedOut => ConnectionEnd.ConnectTimeout,
            _ => ConnectionEnd.Unreachable,
        },
        failure.Message);
}
