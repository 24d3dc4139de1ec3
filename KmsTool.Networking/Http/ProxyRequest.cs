using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol;

namespace KmsTool.Networking.Http;

/// <summary>What a client asks an HTTP proxy for.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="ForwardedHead">The head that the destination gets; <see langword="null"/> for CONNECT.</param>
internal sealed record ProxyRequest(string Host, ushort Port, byte[]? ForwardedHead)
{
    private const string Connect = "CONNECT";
    private const string Scheme = "http://";
    private const ushort HttpPort = 80;

    // Between the client and this proxy only (RFC 9110 section 7.6.1), or replaced.
    private static readonly string[] Dropped = ["Connection", "Proxy-Connection", "Proxy-Authorization", "Keep-Alive", "TE", "Upgrade", "Host"];

    /// <summary>
    /// Reads CONNECT HOST:PORT (RFC 9112 section 3.2.3; IPv6 addresses in brackets) or, where it is forwarded,
    /// METHOD http://HOST[:PORT]/PATH (section 3.2.2).
    /// </summary>
    /// <param name="head">The request.</param>
    /// <param name="forwards">Whether the proxy forwards requests other than CONNECT.</param>
    /// <param name="request">What it asks for.</param>
    /// <param name="refusal">The response that the client is owed otherwise.</param>
    public static bool TryRead(
        RequestHead head, bool forwards, [NotNullWhen(true)] out ProxyRequest? request, [NotNullWhen(false)] out HttpAnswer? refusal)
    {
        request = null;
        refusal = null;
        bool isConnect = head.Method == Connect;
        if (!isConnect && !forwards)
        {
            refusal = HttpAnswer.Refusal("405 Method Not Allowed", "the only method here is CONNECT, as in CONNECT kms.eu-central-1.amazonaws.com:443 HTTP/1.1");
        }
        else if (isConnect && (head.Has("Content-Length") || head.Has("Transfer-Encoding")))
        {
            refusal = Wrong("a CONNECT request has no body");
        }
        else if (!isConnect && !head.Target.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            refusal = Wrong("this is a proxy: ask for http://HOST/PATH, or CONNECT HOST:PORT for https");
        }
        else if (isConnect)
        {
            if (TryReadAuthority(head.Target, null, out string? host, out ushort port))
            {
                request = new ProxyRequest(host, port, null);
            }
            else
            {
                refusal = Wrong($"'{TerminalText.Neutralize(head.Target)}' is not HOST:PORT");
            }
        }
        else
        {
            (string authority, string path) = SplitTarget(head.Target[Scheme.Length..]);
            if (TryReadAuthority(authority, HttpPort, out string? host, out ushort port))
            {
                request = new ProxyRequest(host, port, Forward(head, authority, path));
            }
            else
            {
                refusal = Wrong($"'{TerminalText.Neutralize(head.Target)}' is not http://HOST/PATH");
            }
        }

        return request is not null;
    }

    private static (string Authority, string Path) SplitTarget(string target)
    {
        int end = target.AsSpan().IndexOfAny('/', '?');
        return end < 0 ? (target, "/")
            : target[end] == '/' ? (target[..end], target[end..])
            : (target[..end], "/" + target[end..]);
    }

    // The destination closes after its response: a second request here may be for another destination.
    private static byte[] Forward(RequestHead head, string authority, string path)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{head.Method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
        IEnumerable<string> named = head.Fields.Where(field => field.Key.Equals("Connection", StringComparison.OrdinalIgnoreCase))
            .SelectMany(field => field.Value.Split(',', StringSplitOptions.TrimEntries));
        string[] dropped = [.. Dropped, .. named];
        foreach ((string name, string value) in head.Fields.Where(field => !dropped.Contains(field.Key, StringComparer.OrdinalIgnoreCase)))
        {
            text.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        return Encoding.ASCII.GetBytes(text.Append("\r\n").ToString());
    }

    private static bool TryReadAuthority(string text, ushort? defaultPort, [NotNullWhen(true)] out string? host, out ushort port)
    {
        host = null;
        port = defaultPort ?? 0;
        int colon = text.LastIndexOf(':');
        bool hasPort = colon >= 0 && !text.EndsWith(']');
        if (hasPort && !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port))
        {
            return false;
        }

        string name = hasPort ? text[..colon] : text;
        return port > 0 && DestinationHost.TryParse(name, out host, out _) && host.Contains(':', StringComparison.Ordinal) == name.StartsWith('[');
    }

    private static HttpAnswer Wrong(string reason) => HttpAnswer.Refusal("400 Bad Request", reason);
}
