using System.Net;
using KmsTool.Networking.Hosts;

namespace KmsTool.Enclave.Egress;

/// <summary>Where the proxy for applications listens, where it lets them go, and its bounds.</summary>
internal sealed record EgressSettings
{
    public const int DefaultPort = 10000;

    /// <summary>The port on loopback, or 0 for any.</summary>
    public int Port { get; init; } = DefaultPort;

    public required EgressRules Rules { get; init; }

    /// <summary>How connections leave.</summary>
    public required ParentRoutes Parent { get; init; }

    /// <summary>
    /// Connections open at once. At the limit, the connection that has been without a request for the longest time is closed for a new
    /// one; if all have a request, the tunnel that has been idle for the longest time, if that is at least
    /// <see cref="TunnelPatience"/>. Otherwise new connections wait.
    /// </summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>How long the head of a request may take. With the time that its refusal takes, a silent connection ends within 10 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long nothing has to pass through a tunnel before it gives way.</summary>
    public TimeSpan TunnelPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the way to a destination may take to open.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Where applications may go: what a pattern of <paramref name="Allow"/> matches and none of <paramref name="Deny"/>. Names are
/// matched as names and addresses as addresses; nobody here could look a name up, and whoever can is the parent.
/// </summary>
/// <param name="Allow">Empty for nowhere.</param>
/// <param name="Deny">Takes away from what is allowed.</param>
internal sealed record EgressRules(IReadOnlyList<HostPattern> Allow, IReadOnlyList<HostPattern> Deny)
{
    // EC2 user guide, "Access instance metadata", and the names that AWS's resolver has for it.
    private static readonly string[] Metadata = ["169.254.169.254", "fd00:ec2::254", "instance-data", "instance-data.ec2.internal"];

    /// <param name="host">A name or an address, as <see cref="DestinationHost"/> reads it.</param>
    public bool Allows(string host) => Matches(Allow, host) && !Matches(Deny, host);

    /// <summary>Whether applications may ask for the credentials of the parent instance.</summary>
    public bool AllowsInstanceMetadata => Metadata.Any(Allows);

    private static bool Matches(IReadOnlyList<HostPattern> patterns, string host) => IPAddress.TryParse(host, out IPAddress? address)
        ? patterns.Any(pattern => pattern.MatchesAddress(address))
        : patterns.Any(pattern => pattern.MatchesName(host));
}
