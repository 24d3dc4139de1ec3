using System.Net;
using KmsTool.Proxying.Hosts;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// Addresses at which the parent instance, not the network, answers: the credentials of its role (instance metadata, the
/// container and pod agents) are among them, and whoever controls a DNS name can have it point there.
/// </summary>
internal static class SpecialAddresses
{
    private static readonly IPNetwork[] Networks =
    [
        // IPv4 link-local (RFC 3927): instance metadata 169.254.169.254, container credentials 169.254.170.2 and .23.
        IPNetwork.Parse("169.254.0.0/16"),
        // IPv6 link-local (RFC 4291 section 2.5.6).
        IPNetwork.Parse("fe80::/10"),
        // AWS's local services over IPv6: instance metadata is fd00:ec2::254.
        IPNetwork.Parse("fd00:ec2::/32"),
        // "This host" (RFC 1122, RFC 4291): connecting to it is connecting to the loopback address.
        IPNetwork.Parse("0.0.0.0/8"),
        IPNetwork.Parse("::/128"),
    ];

    private static readonly IPNetwork[] Loopback = [IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("::1/128")];

    public static bool Contains(IPAddress address) => Networks.Any(network => network.Contains(address));

    /// <summary>Whether an address is one of them or a loopback address, at which whatever runs on the parent answers.</summary>
    public static bool ContainsOrLoopback(IPAddress address) => Contains(address) || IPAddress.IsLoopback(address);

    /// <summary>Whether a pattern is about special or loopback addresses and no others.</summary>
    public static bool Contain(HostPattern pattern) => Networks.Any(pattern.IsWithin) || Loopback.Any(pattern.IsWithin);

    /// <summary>The form in which an address is compared: an IPv4 address in IPv6 clothes is an IPv4 address.</summary>
    public static IPAddress Normalize(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
