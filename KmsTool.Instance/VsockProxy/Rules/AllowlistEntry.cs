using System.Net;
using KmsTool.Networking.Hosts;

namespace KmsTool.Instance.VsockProxy.Rules;

/// <summary>Destinations that are allowed.</summary>
/// <param name="Host">Names or addresses.</param>
/// <param name="Ports">TCP ports.</param>
internal sealed record AllowlistEntry(HostPattern Host, PortRange Ports)
{
    // RFC 6761 section 6.3: no name server is asked for it.
    private const string LoopbackName = "localhost";

    /// <summary>Whether it is about exactly this address, not a network. The entry <c>localhost</c> is about 127.0.0.1 and ::1.</summary>
    public bool Names(IPAddress address) => LoopbackName.Equals(Host.ExactName, StringComparison.OrdinalIgnoreCase)
        ? address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback)
        : Host.IsOneAddress && Host.MatchesAddress(address);
}
