using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Sockets;
using KmsTool.Cli;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Proxying.Hosts;
using KmsTool.Proxying.Http;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// Each connection says in a CONNECT request (RFC 9110 section 9.3.6) where it is to lead, and is taken there if the allowlist
/// has it.
/// </summary>
internal sealed class ConnectRoute(Allowlist allowlist, ProxyOptions options, NameResolvers names, HappyEyeballs eyeballs, TimeProvider time) : IRoute
{
    private static readonly byte[] Established = "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray();

    public string Name => "what CONNECT asks for";

    public async Task<RouteResult> OpenAsync(Socket accepted, CancellationToken cancellationToken)
    {
        try
        {
            HeadRead read = await RequestHeadReader.ReadAsync(accepted, options.RequestTimeout, time, cancellationToken);
            if (read.Head is null)
                return await RefuseAsync(accepted, "nothing", ConnectionEnd.BadRequest, read.Refusal, cancellationToken);

            return TryParse(read.Head, out string? host, out ushort port, out HttpAnswer? refusal)
                ? await ConnectAsync(accepted, host, port, read.Rest, cancellationToken)
                : await RefuseAsync(accepted, "nothing", ConnectionEnd.BadRequest, refusal, cancellationToken);
        }
        catch (SocketException e)
        {
            return RouteResult.Refused("nothing", ConnectionEnd.Broken, e.Message);
        }
    }

    private async Task<RouteResult> ConnectAsync(
        Socket accepted, string host, ushort port, ReadOnlyMemory<byte> early, CancellationToken cancellationToken)
    {
        DestinationOptions to = options.To(host, port);
        AddressFilter? filter = allowlist.Admit(host, port);
        if (filter is null)
        {
            return await RefuseAsync(
                accepted, to.ToString(), ConnectionEnd.NotAllowed, HttpAnswer.Refusal("403 Forbidden", $"{to} is not in the allowlist"), cancellationToken);
        }

        var destination = new Destination(to with { Filter = filter, Asker = AskerOf(accepted) }, names.Asked(host), eyeballs, time);
        Socket connected;
        try
        {
            connected = await destination.ConnectAsync(cancellationToken);
        }
        catch (DestinationException e)
        {
            RouteResult refused = RouteResult.Refused(destination.Name, e);
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
            await accepted.SendAsync(Established, SocketFlags.None, cancellationToken);
            return RouteResult.Connected(destination.Name, connected, early);
        }
        catch
        {
            connected.Dispose();
            throw;
        }
    }

    /// <summary>Tells the peer, if it is there to be told.</summary>
    private async Task<RouteResult> RefuseAsync(
        Socket accepted, string destination, ConnectionEnd end, HttpAnswer? answer, CancellationToken cancellationToken)
    {
        if (answer is null)
            return RouteResult.Refused(destination, ConnectionEnd.Closed, "the peer closed without a request");

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
        if (!DestinationHost.TryParse(text, out host, out _) || host.Contains(':', StringComparison.Ordinal) != isBracketed)
            return false;

        // The name of the root, as in kms.eu-central-1.amazonaws.com., is left away: it is the same name.
        host = host.EndsWith('.') ? host[..^1] : host;
        return true;
    }
}
