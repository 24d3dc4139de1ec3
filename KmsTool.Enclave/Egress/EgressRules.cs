using System.Net;
using KmsTool.Networking.Hosts;

namespace KmsTool.Enclave.Egress;

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
