using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Networking.Http;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Each connection says in a CONNECT request (RFC 9110 section 9.3.6) where it is to lead, and is taken there if the allowlist
/// has it.
/// </summary>
internal sealed class ConnectRoute(Allowlist allowlist, ProxySettings options, NameResolvers names, HappyEyeballs eyeballs, TimeProvider time) : IRoute
{
    private readonly ConnectServer _server = new(forwards: false, options.RequestTimeout, time);

    public string Name => "what CONNECT asks for";

    public async Task<RouteResult> OpenAsync(Socket accepted, CancellationToken draining, CancellationToken aborting)
    {
        try
        {
            ConnectRead read = await ReadAsync(accepted, draining, aborting);
            return read.Request is null
                ? await RefuseAsync(accepted, "nothing", ConnectionEnd.BadRequest, read.Refusal, aborting)
                : await ConnectAsync(accepted, read.Request, read.Rest, aborting);
        }
        catch (SocketException e)
        {
            return RouteResult.Refused("nothing", ConnectionEnd.Broken, e.Message);
        }
        catch (OperationCanceledException) when (draining.IsCancellationRequested && !aborting.IsCancellationRequested)
        {
            return RouteResult.Refused("nothing", ConnectionEnd.Stopped, "the proxy ended before a request came");
        }
    }

    private async Task<ConnectRead> ReadAsync(Socket accepted, CancellationToken draining, CancellationToken aborting)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(draining, aborting);
        return await _server.ReadAsync(accepted, either.Token);
    }

    private async Task<RouteResult> ConnectAsync(
        Socket accepted, ProxyRequest request, ReadOnlyMemory<byte> early, CancellationToken cancellationToken)
    {
        DestinationSettings to = options.To(request.Host, request.Port);
        AddressFilter? filter = allowlist.Admit(request.Host, request.Port);
        if (filter is null)
        {
            return await RefuseAsync(
                accepted, to.ToString(), ConnectionEnd.NotAllowed, HttpAnswer.Refusal("403 Forbidden", allowlist.DescribeRefusal(to)), cancellationToken);
        }

        var destination = new Destination(to with { Filter = filter, Requester = NameRequester(accepted) }, names.GetRequested(request.Host), eyeballs, time);
        Socket connected;
        try
        {
            connected = await destination.ConnectAsync(cancellationToken);
        }
        catch (DestinationException e)
        {
            var refused = RouteResult.Refused(destination.Name, e);
            string status = refused.End switch
            {
                ConnectionEnd.NotAllowed => "403 Forbidden",
                ConnectionEnd.ConnectTimeout => "504 Gateway Timeout",
                _ => "502 Bad Gateway",
            };
            return await RefuseAsync(
                accepted, destination.Name, refused.End, HttpAnswer.Refusal(status, $"{destination.Name} cannot be reached: {e.Message}"), cancellationToken);
        }

        try
        {
            if (await _server.TryEstablishAsync(accepted, cancellationToken))
            {
                return RouteResult.Connected(destination.Name, connected, early);
            }
        }
        catch
        {
            connected.Dispose();
            throw;
        }

        connected.Dispose();
        return RouteResult.Refused(
            destination.Name, ConnectionEnd.Stalled, $"the peer did not take the answer within {options.RequestTimeout.TotalSeconds:0.###} s");
    }

    /// <summary>Tells the peer, if it is there to be told.</summary>
    private async Task<RouteResult> RefuseAsync(
        Socket accepted, string destination, ConnectionEnd end, HttpAnswer? answer, CancellationToken cancellationToken)
    {
        if (answer is null)
        {
            return RouteResult.Refused(destination, ConnectionEnd.Closed, "the peer closed without a request");
        }

        await _server.RefuseAsync(accepted, answer, cancellationToken);
        return RouteResult.Refused(destination, end, answer.Body.TrimEnd('\n'));
    }

    // Clients of a Unix socket have a share together, apart from those of another one.
    private static string NameRequester(Socket accepted) =>
        accepted.LocalEndPoint is UnixDomainSocketEndPoint socket ? $"unix:{socket}" : ProxyConnection.NameOf(accepted.RemoteEndPoint);
}
