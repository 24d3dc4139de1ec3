using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace KmsTool.Networking.Hosts;

/// <summary>The text form of a destination's host: a DNS name or an IP address.</summary>
internal static class DestinationHost
{
    private const int MaxNameLength = 253;

    /// <summary>
    /// Reads a host, without the root's final dot, with which a name is the same name, and an IPv6 address without brackets and in
    /// its shortest form.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out string? host, [NotNullWhen(false)] out string? error)
    {
        host = null;
        error = null;
        string name = WithoutFinalDot(text);
        if (HasZone(text))
        {
            error = $"'{text}' has a zone; write the address without '%' and what follows";
        }
        else if (name.Length > MaxNameLength || name.EndsWith('.') || Uri.CheckHostName(text) == UriHostNameType.Unknown)
        {
            error = $"'{text}' is neither a host name nor an IP address";
        }
        else if (IPAddress.TryParse(name, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != text)
        {
            // 10.1, 0x7f.1 and 2130706433 are addresses too, but not to everybody who reads an allowlist; and so they are with
            // the dot of the root, which others take away.
            error = $"'{text}' is another way to write {address}; write it so";
        }
        else if (address?.IsIPv4MappedToIPv6 == true)
        {
            error = $"'{text}' is another way to write {address.MapToIPv4()}; write it so";
        }
        else
        {
            host = address?.ToString() ?? name;
        }

        return error is null;
    }

    /// <summary>
    /// Whether an address names a zone (RFC 4007), as fe80::1%eth0 does. With one, one address has many forms, which comparisons of
    /// addresses tell apart and connections do not.
    /// </summary>
    public static bool HasZone(string text) => text.Contains('%', StringComparison.Ordinal);

    /// <summary>A name, or a pattern of names, without the dot that the root's empty label leaves at its end.</summary>
    public static string WithoutFinalDot(string text) => text.EndsWith('.') ? text[..^1] : text;
}
