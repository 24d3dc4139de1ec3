using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace KmsTool.Protocol.Vsock;

/// <summary>
/// Where a stream listener binds or a client connects, in the one text form that all options take:
/// <c>vsock:CID:PORT</c> (<c>vsock:PORT</c> for any CID, to listen), <c>unix:/path</c>, <c>tcp:HOST:PORT</c>
/// (IPv6 in brackets, without a zone).
/// </summary>
public abstract record StreamAddress
{
    /// <summary>Longest path of a Unix domain socket in bytes (<c>sun_path</c> less its NUL, unix(7)).</summary>
    public const int MaxUnixPathLength = 107;

    private StreamAddress()
    {
    }

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">Not an address; the message says what is wrong and shows the forms.</exception>
    public static StreamAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out StreamAddress? address, out string? error) ? address : throw new FormatException(error);
    }

    /// <summary>Reads the text form; <paramref name="error"/> says what is wrong with it.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out StreamAddress? address, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(text);
        address = null;
        error = null;
        if (text.StartsWith("vsock:", StringComparison.Ordinal))
        {
            address = ParseVsock(text["vsock:".Length..]);
        }
        else if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            string path = text["unix:".Length..];
            if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxUnixPathLength)
            {
                error = $"'{text}': the path of a Unix socket has at most {MaxUnixPathLength} bytes";
                return false;
            }

            address = path.Length > 0 && !path.Contains('\0', StringComparison.Ordinal) ? new Unix(path) : null;
        }
        else if (text.StartsWith("tcp:", StringComparison.Ordinal))
        {
            address = ParseTcp(text["tcp:".Length..]);
        }

        if (address is null)
        {
            error = $"'{text}' is not an address; use vsock:CID:PORT, vsock:PORT, unix:/path or tcp:HOST:PORT";
        }

        return address is not null;
    }

    private static Vsock? ParseVsock(string rest)
    {
        int colon = rest.IndexOf(':', StringComparison.Ordinal);
        uint cid = VsockEndPoint.AnyCid;
        if (colon >= 0 && !TryParseNumber(rest[..colon], out cid))
        {
            return null;
        }

        return TryParseNumber(rest[(colon + 1)..], out uint port) ? new Vsock(cid, port) : null;
    }

    private static Tcp? ParseTcp(string rest)
    {
        int colon = rest.LastIndexOf(':');
        if (colon <= 0)
        {
            return null;
        }

        string host = rest[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
        }
        else if (host.Contains(':', StringComparison.Ordinal))
        {
            return null;
        }

        // A zone (fe80::1%eth0) gives one address many forms, which whoever compares addresses may tell apart.
        return host.Length > 0 && !host.Contains('%', StringComparison.Ordinal) && ushort.TryParse(rest[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            ? new Tcp(host, port)
            : null;
    }

    /// <summary>A vsock port or CID: decimal, or hexadecimal after 0x.</summary>
    internal static bool TryParseNumber(string text, out uint number) =>
        text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary>
    /// An AF_VSOCK address: a context identifier (3 is the parent of a Nitro enclave, <see cref="VsockEndPoint.AnyCid"/>
    /// listens on all) and a port.
    /// </summary>
    public sealed record Vsock(uint Cid, uint Port) : StreamAddress
    {
        /// <inheritdoc/>
        public override string ToString() => Cid == VsockEndPoint.AnyCid
            ? string.Create(CultureInfo.InvariantCulture, $"vsock:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"vsock:{Cid}:{Port}");
    }

    /// <summary>A Unix domain socket in the file system, at most <see cref="MaxUnixPathLength"/> bytes of path.</summary>
    public sealed record Unix(string Path) : StreamAddress
    {
        /// <inheritdoc/>
        public override string ToString() => "unix:" + Path;
    }

    /// <summary>A TCP host name or IP address and port; port 0 lets the system choose when listening.</summary>
    public sealed record Tcp(string Host, ushort Port) : StreamAddress
    {
        /// <inheritdoc/>
        public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"tcp:[{Host}]:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"tcp:{Host}:{Port}");
    }
}
