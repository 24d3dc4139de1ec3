using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;

namespace KmsTool.Instance.VsockProxy;

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
