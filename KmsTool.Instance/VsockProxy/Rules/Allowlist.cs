using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol;

namespace KmsTool.Instance.VsockProxy.Rules;

/// <summary>The destinations that the operator's file allows.</summary>
/// <param name="Path">The file, for messages.</param>
/// <param name="Entries">What it lists.</param>
internal sealed record Allowlist(string Path, IReadOnlyList<AllowlistEntry> Entries)
{
    // Name servers that do not answer must not delay the start forever.
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Addresses that only an entry with exactly that address opens.</summary>
    public SpecialAddresses Special { get; init; } = SpecialAddresses.OfThisMachine;

    /// <summary>
    /// What may be connected to for a host that is asked for: a name has to be listed as a name, an address as an address or in
    /// a network. No name is looked up to find out, as a lookup already tells the world what was asked for.
    /// </summary>
    /// <returns><see langword="null"/> when it is not listed.</returns>
    public AddressFilter? Admit(string host, ushort port)
    {
        AllowlistEntry[] entries = FilterByPort(port);
        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            return Lists(entries, SpecialAddresses.Normalize(literal)) ? address => Lists(entries, address) : null;
        }

        // Anyone who controls a listed name could point it to the parent's own services.
        return entries.Any(entry => entry.Host.MatchesName(host)) ? address => Lists(entries, address, byName: true) : null;
    }

    /// <summary>
    /// Checks a destination before a proxy starts with it. As with the AWS program, an entry with its port that has an address
    /// in common with it allows it, too: then it is tied to the addresses that are allowed, so that its name cannot lead
    /// elsewhere later.
    /// </summary>
    /// <exception cref="NotAllowedException">The destination is not listed.</exception>
    public async Task<DestinationSettings> AdmitAsync(DestinationSettings options, NameLookup lookup, CancellationToken cancellationToken)
    {
        if (Admit(options.Host, options.Port) is { } filter)
        {
            return options with { Filter = filter };
        }

        AllowlistEntry[] entries = FilterByPort(options.Port);
        using var deadline = new Deadline(LookupTimeout, TimeProvider.System, cancellationToken);
        // No entry with the port: nothing that a lookup could change.
        IPAddress[] wanted = entries.Length == 0 ? [] : await FindAsync(options.Host, options.Family, lookup, deadline.Token);
        IPAddress[][] listed = wanted.Length == 0
            ? []
            : await Task.WhenAll(entries.Select(entry => entry.Host.ExactName).OfType<string>()
                .Select(name => FindAsync(name, options.Family, lookup, deadline.Token)));
        cancellationToken.ThrowIfCancellationRequested();

        IPAddress[] allowed = [.. wanted.Where(address =>
            Lists(entries, address, byName: listed.Any(addresses => addresses.Contains(address))))];
        if (allowed.Length > 0)
        {
            return options with { Addresses = allowed };
        }

        string addition = entries.Length > 0 && wanted.Length == 0 ? ", and its addresses could not be looked up" : "";
        throw new NotAllowedException(DescribeRefusal(options) + addition);
    }

    /// <summary>Why a destination that is not admitted is refused, for messages.</summary>
    public string DescribeRefusal(DestinationSettings options) =>
        $"{options} is not in the allowlist"
        + (IPAddress.TryParse(options.Host, out IPAddress? literal) && Special.Contains(literal) ? $". {SpecialAddresses.Advice}" : "");

    private AllowlistEntry[] FilterByPort(ushort port) => [.. Entries.Where(entry => entry.Ports.Contains(port))];

    /// <summary>Whether entries allow an address, by itself or because a name that they list has it.</summary>
    private bool Lists(AllowlistEntry[] entries, IPAddress address, bool byName = false) =>
        entries.Any(entry => entry.IsExactly(address))
        || ((byName || entries.Any(entry => entry.Host.MatchesAddress(address))) && !Special.Contains(address));

    /// <summary>The addresses of a host; none when it cannot be looked up, as it then matches nothing.</summary>
    private static async Task<IPAddress[]> FindAsync(string host, AddressFamily family, NameLookup lookup, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return [SpecialAddresses.Normalize(address)];
        }

        try
        {
            IPAddress[] found = await lookup(host, family, cancellationToken).WaitAsync(cancellationToken);
            return Array.ConvertAll(found, SpecialAddresses.Normalize);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return [];
        }
    }
}

/// <summary>Destinations that are allowed.</summary>
/// <param name="Host">Names or addresses.</param>
/// <param name="Ports">TCP ports.</param>
internal sealed record AllowlistEntry(HostPattern Host, PortRange Ports)
{
    // RFC 6761 section 6.3: no name server is asked for it.
    private const string LoopbackName = "localhost";

    /// <summary>Whether it is about exactly this address, not a network. The entry <c>localhost</c> is about 127.0.0.1 and ::1.</summary>
    public bool IsExactly(IPAddress address) => LoopbackName.Equals(Host.ExactName, StringComparison.OrdinalIgnoreCase)
        ? address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback)
        : Host.IsOneAddress && Host.MatchesAddress(address);
}

/// <summary>The allowlist does not have a destination; the message names both.</summary>
internal sealed class NotAllowedException(string message) : Exception(message);
