using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace KmsTool.Protocol.Sockets;

/// <summary>
/// Where a stream listener binds or a client connects, in the one text form that all options take:
/// <c>vsock:CID:PORT</c> (<c>vsock:PORT</c> for any CID, to listen), <c>unix:/path</c>, <c>tcp:HOST:PORT</c>
/// (IPv6 in brackets, without a zone).
/// </summary>
public abstract record StreamAddress : IParsable<StreamAddress>
{
    /// <summary>Longest path of a Unix domain socket in bytes (<c>sun_path</c> less its NUL, unix(7)).</summary>
    public const int MaxUnixPathLength = 107;

    private StreamAddress()
    {
    }

    /// <summary>Parses the text form.</summary>
    /// <param name="s">Such as <c>vsock:16:3000</c>, <c>unix:/run/enclave.sock</c> or <c>tcp:127.0.0.1:3000</c>.</param>
    /// <param name="provider">Has no effect: the form is the same in all cultures.</param>
    /// <exception cref="FormatException">The text is not an address; the message says what is wrong and shows the forms.</exception>
    public static StreamAddress Parse(string s, IFormatProvider? provider = null) =>
        TryParse(s, out StreamAddress? address, out string? error) ? address : throw new FormatException(error);

    /// <summary>Parses the text form.</summary>
    /// <param name="s">See <see cref="Parse"/>.</param>
    /// <param name="provider">Has no effect: the form is the same in all cultures.</param>
    /// <param name="result">The address; <see langword="null"/> if the text is not an address.</param>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, [NotNullWhen(true)] out StreamAddress? result)
    {
        result = null;
        return s is not null && TryParse(s, out result, out string? _);
    }

    /// <summary>Parses the text form; <paramref name="error"/> says what is wrong with it.</summary>
    internal static bool TryParse(
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

        // A zone (fe80::1%eth0) gives one address many forms, and a comparison of addresses may take them for different ones.
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
    /// An AF_VSOCK address, vsock(7).
    /// </summary>
    /// <param name="Cid">The context identifier of the machine: 3 for the parent instance of a Nitro enclave, 0xFFFFFFFF to listen on all.</param>
    /// <param name="Port">The port, 32 bits; 0 lets the system choose when listening.</param>
    public sealed record Vsock(uint Cid, uint Port) : StreamAddress
    {
        /// <inheritdoc/>
        public override string ToString() => Cid == VsockEndPoint.AnyCid
            ? string.Create(CultureInfo.InvariantCulture, $"vsock:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"vsock:{Cid}:{Port}");
    }

    /// <summary>A Unix domain socket in the file system, unix(7).</summary>
    /// <param name="Path">The path, at most <see cref="MaxUnixPathLength"/> bytes of UTF-8.</param>
    public sealed record Unix(string Path) : StreamAddress
    {
        /// <inheritdoc/>
        public override string ToString() => "unix:" + Path;
    }

    /// <summary>A TCP address.</summary>
    /// <param name="Host">A host name, or an IP address without brackets and without a zone.</param>
    /// <param name="Port">The port; 0 lets the system choose when listening.</param>
    public sealed record Tcp(string Host, ushort Port) : StreamAddress
    {
        /// <inheritdoc/>
        public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
            ? string.Create(CultureInfo.InvariantCulture, $"tcp:[{Host}]:{Port}")
            : string.Create(CultureInfo.InvariantCulture, $"tcp:{Host}:{Port}");
    }
}
