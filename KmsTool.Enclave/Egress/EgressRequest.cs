using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using KmsTool.Networking.Hosts;
using KmsTool.Networking.Http;

namespace KmsTool.Enclave.Egress;

/// <summary>What an application asks the egress proxy for.</summary>
/// <param name="Host">A name or an address.</param>
/// <param name="Port">TCP port.</param>
/// <param name="ForwardedHead">The head that the destination gets; <see langword="null"/> for CONNECT.</param>
internal sealed record EgressRequest(string Host, ushort Port, byte[]? ForwardedHead)
{
    private const ushort HttpPort = 80;

    // Between the application and this proxy only (RFC 9110 section 7.6.1), or replaced.
    private static readonly string[] Dropped = ["Connection", "Proxy-Connection", "Proxy-Authorization", "Keep-Alive", "TE", "Upgrade", "Host"];

    /// <summary>Reads CONNECT HOST:PORT, or METHOD http://HOST[:PORT]/PATH (RFC 9112 sections 3.2.2 and 3.2.3).</summary>
    public static bool TryRead(RequestHead head, [NotNullWhen(true)] out EgressRequest? request, [NotNullWhen(false)] out HttpAnswer? refusal)
    {
        request = null;
        refusal = null;
        bool isConnect = head.Method == "CONNECT";
        string rest = "";
        string authority = head.Target;
        if (!isConnect)
        {
            const string Scheme = "http://";
            if (!head.Target.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            {
                refusal = Wrong("this is a proxy: ask for http://HOST/PATH, or CONNECT HOST:PORT for https");
                return false;
            }

            int slash = head.Target.AsSpan(Scheme.Length).IndexOfAny('/', '?');
            authority = slash < 0 ? head.Target[Scheme.Length..] : head.Target.Substring(Scheme.Length, slash);
            rest = slash < 0 ? "/" : head.Target[(Scheme.Length + slash)..];
            if (rest[0] != '/')
            {
                rest = "/" + rest;
            }
        }

        if (!TryReadAuthority(authority, isConnect ? null : HttpPort, out string? host, out ushort port))
        {
            refusal = Wrong("the target names no host and port, as in CONNECT HOST:PORT");
            return false;
        }

        if (isConnect && (head.Has("Content-Length") || head.Has("Transfer-Encoding")))
        {
            refusal = Wrong("a CONNECT request has no body");
            return false;
        }

        request = new EgressRequest(host, port, isConnect ? null : Forward(head, rest, authority));
        return true;
    }

    // The destination closes after its answer: a second request here may be for another destination.
    private static byte[] Forward(RequestHead head, string target, string authority)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{head.Method} {target} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
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
        if (hasPort && !(ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) && port > 0))
        {
            return false;
        }

        string name = hasPort ? text[..colon] : text;
        bool isBracketed = name.StartsWith('[');
        if (port == 0 || !DestinationHost.TryParse(name, out host, out _) || host.Contains(':', StringComparison.Ordinal) != isBracketed)
        {
            return false;
        }

        return true;
    }

    private static HttpAnswer Wrong(string reason) => HttpAnswer.Refusal("400 Bad Request", reason);
}
