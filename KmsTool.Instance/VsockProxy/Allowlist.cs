using System.Net;
using System.Net.Sockets;

namespace KmsTool.Instance.VsockProxy;

/// <summary>The destinations that the operator's file allows.</summary>
/// <param name="Path">The file, for messages.</param>
/// <param name="Entries">What it lists.</param>
internal sealed record Allowlist(string Path, IReadOnlyList<AllowlistEntry> Entries)
{
    // Name servers that do not answer shall not hold up the start for ever.
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Checks a destination. An entry with its port allows it by the same name, or by an address that both have: then it is
    /// tied to the addresses that are allowed, so that its name cannot lead elsewhere later.
    /// </summary>
    /// <returns>The proxy with an allowed destination.</returns>
    /// <exception cref="AllowlistException">The destination is not listed.</exception>
    public async Task<ProxyOptions> AdmitAsync(ProxyOptions options, NameLookup lookup, CancellationToken cancellationToken)
    {
        string host = options.Destination.Host;
        AllowlistEntry[] entries = [.. Entries.Where(entry => entry.Port == options.Destination.Port)];
        if (entries.Any(entry => string.Equals(entry.Host, host, StringComparison.OrdinalIgnoreCase)))
            return options;

        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timer.CancelAfter(LookupTimeout);
        // No entry with the port: nothing that a lookup could change.
        IPAddress[] wanted = entries.Length == 0 ? [] : await FindAsync(host, options.Family, lookup, timer.Token);
        IPAddress[][] listed = wanted.Length == 0
            ? []
            : await Task.WhenAll(entries.Select(entry => FindAsync(entry.Host, options.Family, lookup, timer.Token)));
        cancellationToken.ThrowIfCancellationRequested();

        IPAddress[] allowed = [.. wanted.Intersect(listed.SelectMany(addresses => addresses))];
        if (allowed.Length > 0)
            return options with { Addresses = allowed };

        string addition = entries.Length > 0 && wanted.Length == 0 ? ", and its addresses could not be looked up" : "";
        throw new AllowlistException(Path, null, $"{options.Destination} is not in the allowlist{addition}");
    }

    /// <summary>The addresses of a host; none when it cannot be looked up, as it then matches nothing.</summary>
    private static async Task<IPAddress[]> FindAsync(string host, AddressFamily family, NameLookup lookup, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out IPAddress? address))
            return [address];

        try
        {
            return await lookup(host, family, cancellationToken).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            return [];
        }
    }
}
