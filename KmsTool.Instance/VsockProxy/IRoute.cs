using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Instance.VsockProxy.Monitoring;

namespace KmsTool.Instance.VsockProxy;

/// <summary>Where connections to a listener lead.</summary>
internal interface IRoute
{
    /// <summary>What it leads to, for messages.</summary>
    public string Name { get; }

    /// <summary>Connects to where a peer is to be taken. What fails is in the result.</summary>
    /// <param name="accepted">The peer's connection.</param>
    /// <param name="draining">Has a peer refused that has not said yet where it wants to go.</param>
    /// <param name="aborting">Breaks it off.</param>
    /// <exception cref="OperationCanceledException"><paramref name="aborting"/> was cancelled first.</exception>
    public Task<RouteResult> OpenAsync(Socket accepted, CancellationToken draining, CancellationToken aborting);
}

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

/// <summary>All connections lead to one destination.</summary>
internal sealed class FixedRoute(Destination destination) : IRoute
{
    public string Name => destination.Name;

    public async Task<RouteResult> OpenAsync(Socket accepted, CancellationToken draining, CancellationToken aborting)
    {
        try
        {
            return RouteResult.Connected(Name, await destination.ConnectAsync(aborting));
        }
        catch (DestinationException e)
        {
            return RouteResult.Refused(Name, e);
        }
    }
}
