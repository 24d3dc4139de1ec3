using System.Net.Sockets;

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
