using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Networking.Hosts;
using KmsTool.Networking.Http;
using KmsTool.Protocol;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Each connection says in a CONNECT request (RFC 9110 section 9.3.6) where it is to lead, and is taken there if the allowlist
/// has it.
/// </summary>
internal sealed class ConnectRoute(Allowlist allowlist, ProxyOptions options, NameResolvers names, HappyEyeballs eyeballs, TimeProvider time) : IRoute
{
    private static readonly byte[] Established = "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray();

    public string Name => "what CONNECT asks for";

    public async Task<RouteResult> OpenAsync(Socket accepted, CancellationToken draining, CancellationToken aborting)
    {
        try
        {
            HeadRead read = await ReadAsync(accepted, draining, aborting);
            if (read.Head is null)
            {
                return await RefuseAsync(accepted, "nothing", ConnectionEnd.BadRequest, read.Refusal, aborting);
            }

            return TryParse(read.Head, out string? host, out ushort port, out HttpAnswer? refusal)
                ? await ConnectAsync(accepted, host, port, read.Rest, aborting)
                : await RefuseAsync(accepted, "nothing", ConnectionEnd.BadRequest, refusal, aborting);
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

    private async Task<HeadRead> ReadAsync(Socket accepted, CancellationToken draining, CancellationToken aborting)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(draining, aborting);
        return await RequestHeadReader.ReadAsync(accepted, options.RequestTimeout, time, either.Token);
    }

    private async Task<RouteResult> ConnectAsync(
        Socket accepted, string host, ushort port, ReadOnlyMemory<byte> early, CancellationToken cancellationToken)
    {
        DestinationOptions to = options.To(host, port);
        AddressFilter? filter = allowlist.Admit(host, port);
        if (filter is null)
        {
            return await RefuseAsync(
                accepted, to.ToString(), ConnectionEnd.NotAllowed, HttpAnswer.Refusal("403 Forbidden", allowlist.Refusal(to)), cancellationToken);
        }

        var destination = new Destination(to with { Filter = filter, Asker = AskerOf(accepted) }, names.Asked(host), eyeballs, time);
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
            await EstablishAsync(accepted, cancellationToken);
            return RouteResult.Connected(destination.Name, connected, early);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            connected.Dispose();
            return RouteResult.Refused(
                destination.Name, ConnectionEnd.Stalled, $"the peer did not take the answer within {options.RequestTimeout.TotalSeconds:0.###} s");
        }
        catch
        {
            connected.Dispose();
            throw;
        }
    }

    /// <exception cref="OperationCanceledException">The peer does not take it, or the token was cancelled.</exception>
    private async Task EstablishAsync(Socket accepted, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(options.RequestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        await accepted.SendAsync(Established, SocketFlags.None, either.Token);
    }

    /// <summary>Tells the peer, if it is there to be told.</summary>
    private async Task<RouteResult> RefuseAsync(
        Socket accepted, string destination, ConnectionEnd end, HttpAnswer? answer, CancellationToken cancellationToken)
    {
        if (answer is null)
        {
            return RouteResult.Refused(destination, ConnectionEnd.Closed, "the peer closed without a request");
        }

        try
        {
            await answer.SendAsync(accepted, time, cancellationToken);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // The log has the reason all the same.
        }

        return RouteResult.Refused(destination, end, answer.Body.TrimEnd('\n'));
    }

    // Clients of a Unix socket have a share together, apart from those of another one.
    private static string AskerOf(Socket accepted) =>
        accepted.LocalEndPoint is UnixDomainSocketEndPoint socket ? $"unix:{socket}" : Peer.NameOf(accepted.RemoteEndPoint);

    private static bool TryParse(
        RequestHead head, [NotNullWhen(true)] out string? host, out ushort port, [NotNullWhen(false)] out HttpAnswer? refusal)
    {
        host = null;
        port = 0;
        refusal = null;
        // The authority form, HOST:PORT (RFC 9112 section 3.2.3); IPv6 addresses in brackets.
        int colon = head.Target.LastIndexOf(':');
        if (head.Method != "CONNECT")
        {
            refusal = HttpAnswer.Refusal("405 Method Not Allowed", "the only method here is CONNECT, as in CONNECT kms.eu-central-1.amazonaws.com:443 HTTP/1.1");
        }
        else if (head.Has("Content-Length") || head.Has("Transfer-Encoding"))
        {
            refusal = HttpAnswer.Refusal("400 Bad Request", "a CONNECT request has no body");
        }
        else if (colon <= 0
            || !ushort.TryParse(head.Target.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port == 0
            || !IsHost(head.Target[..colon], out host))
        {
            refusal = HttpAnswer.Refusal("400 Bad Request", $"'{TerminalText.Neutralize(head.Target)}' is not HOST:PORT");
        }

        return refusal is null;
    }

    private static bool IsHost(string text, [NotNullWhen(true)] out string? host)
    {
        bool isBracketed = text.StartsWith('[');
        return DestinationHost.TryParse(text, out host, out _) && host.Contains(':', StringComparison.Ordinal) == isBracketed;
    }
}
