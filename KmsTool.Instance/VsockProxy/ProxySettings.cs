using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Networking.Relaying;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Instance.VsockProxy;

/// <summary>What holds for all of a proxy's listeners.</summary>
internal sealed record ProxySettings
{
    /// <summary>The highest that <see cref="MaxConnections"/> may be.</summary>
    public const int HighestMaxConnections = 100_000;

    /// <summary>Which addresses of names are used.</summary>
    public AddressFamily Family { get; init; } = AddressFamily.Unspecified;

    /// <summary>The setting that chose <see cref="Family"/>, for messages.</summary>
    public string? FamilyOption { get; init; }

    /// <summary>Options of the listeners.</summary>
    public StreamSocketOptions Sockets { get; init; } = StreamSocketOptions.Default;

    /// <summary>Bounds looking a name up and connecting.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Bounds the arrival of a CONNECT request, and then the departure of the answer.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bounds of each relay.</summary>
    public RelayOptions Relay { get; init; } = new();

    /// <summary>Connections of one listener at once, where it has no number of its own.</summary>
    public int MaxConnections { get; init; } = 1024;

    /// <summary>
    /// Connections of one peer to one listener at once; further ones are refused. 0 for no limit, <see langword="null"/> where
    /// nobody has said so.
    /// </summary>
    public int? MaxPerPeer { get; init; }

    /// <summary>Whether connections over the limit are refused; else they wait to be accepted.</summary>
    public bool RefusesWhenFull { get; init; }

    /// <summary>How long connections may go on once the proxy is told to end.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections of one peer at once to a listener with so many places.</summary>
    /// <returns><see langword="null"/> for any number.</returns>
    public int? MostOfOnePeer(StreamAddress local, int places) => (MaxPerPeer, local) switch
    {
        (0, _) => null,
        ({ } number, _) => number,
        // Three quarters, rounded up: an enclave may be hostile, and another shall find a place all the same.
        (null, StreamAddress.Vsock) => places - (places / 4),
        // Clients of the others are the parent's own, and those of a Unix socket are all one peer.
        _ => null,
    };

    /// <summary>A destination under these options.</summary>
    public DestinationSettings To(string host, ushort port) =>
        new() { Host = host, Port = port, Family = Family, FamilyOption = FamilyOption, ConnectTimeout = ConnectTimeout };
}
