using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>What a destination is, and how it is connected to.</summary>
internal sealed record DestinationSettings
{
    /// <summary>Name or IP address.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port.</summary>
    public required ushort Port { get; init; }

    /// <summary>Which addresses of its name are used.</summary>
    public AddressFamily Family { get; init; } = AddressFamily.Unspecified;

    /// <summary>The setting that chose <see cref="Family"/>, for messages.</summary>
    public string? FamilyOption { get; init; }

    /// <summary>The only addresses that are connected to, where the name is not to be looked up.</summary>
    public IReadOnlyList<IPAddress>? Addresses { get; init; }

    /// <summary>Which addresses of its name may be connected to; by default none.</summary>
    public AddressFilter Filter { get; init; } = static _ => false;

    /// <summary>
    /// In whose share looking the name up and trying its addresses falls; <see langword="null"/> for a share of this destination.
    /// Who chooses destinations must not use up the shares of others.
    /// </summary>
    public string? Requester { get; init; }

    /// <summary>Bounds looking the name up and connecting.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    public override string ToString() => new StreamAddress.Tcp(Host, Port).ToString();
}

/// <summary>Whether an address may be connected to. IPv4 addresses come as such, never mapped into IPv6.</summary>
internal delegate bool AddressFilter(IPAddress address);
