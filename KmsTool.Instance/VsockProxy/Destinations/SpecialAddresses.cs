using System.Net;
using System.Net.NetworkInformation;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// Addresses at which the parent instance, not the network, answers: its own ones, and those that serve the credentials of its
/// role (instance metadata, the container and pod agents). Anyone who controls a DNS name can point it there.
/// </summary>
/// <param name="readInterfaces">Gets the addresses of the machine's interfaces.</param>
/// <param name="time">Ages them.</param>
internal sealed class SpecialAddresses(Func<IEnumerable<IPAddress>> readInterfaces, TimeProvider time)
{
    /// <summary>What to do about a refused address: a sentence for messages, without its full stop.</summary>
    public const string Advice = "Addresses of the parent instance and link-local addresses have to be listed one by one";

    // Reading the interfaces takes about a millisecond, too long for each connection; interfaces come and go.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    private static readonly IPNetwork[] Networks =
    [
        IPNetwork.Parse("127.0.0.0/8"),
        IPNetwork.Parse("::1/128"),
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

    // Where IPv6 addresses carry the IPv4 address that a translator or a tunnel leads to: the prefix, and its first byte.
    private static readonly (IPNetwork Prefix, int Start)[] Carriers =
    [
        // IPv4-compatible and IPv4-mapped (RFC 4291 section 2.5.5).
        (IPNetwork.Parse("::/96"), 12),
        (IPNetwork.Parse("::ffff:0:0/96"), 12),
        // NAT64 (RFC 6052 section 2.1), which VPCs have.
        (IPNetwork.Parse("64:ff9b::/96"), 12),
        // 6to4 (RFC 3056 section 2).
        (IPNetwork.Parse("2002::/16"), 2),
    ];

    private readonly Lock _lock = new();
    private (IPNetwork[] Networks, long ReadAt)? _interfaces;

    /// <summary>Those of the machine that this process runs on.</summary>
    public static SpecialAddresses OfThisMachine { get; } = new(
        () => NetworkInterface.GetAllNetworkInterfaces().SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address),
        TimeProvider.System);

    /// <summary>Whether an address is one of them, or an IPv6 address that carries one. The zone of an address makes no difference.</summary>
    /// <exception cref="NetworkInformationException">The machine's interfaces cannot be read.</exception>
    public bool Contains(IPAddress address) => IsListed(address) || (FindCarried(address) is { } carried && IsListed(carried));

    /// <summary>The form in which an address is compared: an IPv4-mapped IPv6 address is an IPv4 address.</summary>
    public static IPAddress Normalize(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static IPAddress? FindCarried(IPAddress address) =>
        Carriers.FirstOrDefault(carrier => carrier.Prefix.Contains(address)) is { Start: > 0 and var start }
            ? new IPAddress(address.GetAddressBytes().AsSpan(start, 4))
            : null;

    private bool IsListed(IPAddress address) =>
        Networks.Any(network => network.Contains(address)) || GetInterfaces().Any(network => network.Contains(address));

    private IPNetwork[] GetInterfaces()
    {
        lock (_lock)
        {
            if (_interfaces is not { } known || time.GetElapsedTime(known.ReadAt) >= MaxAge)
            {
                known = ([.. readInterfaces().Select(address => new IPNetwork(address, address.GetAddressBytes().Length * 8))], time.GetTimestamp());
                _interfaces = known;
            }

            return known.Networks;
        }
    }
}
