using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy;

/// <summary>Where connections to a listener lead.</summary>
internal interface IRoute
{
    /// <summary>What it leads to, for messages.</summary>
    public string Name { get; }

    /// <summary>Connects to where a peer is to be taken. What fails is in the result.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled first.</exception>
    public Task<RouteResult> OpenAsync(Socket accepted, CancellationToken cancellationToken);
}
