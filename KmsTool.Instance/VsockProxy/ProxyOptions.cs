using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.VsockProxy;

/// <summary>What a proxy listens on and connects to.</summary>
internal sealed record ProxyOptions
{
    public required StreamAddress Local { get; init; }

    public required StreamAddress.Tcp Destination { get; init; }

    /// <summary>Which addresses of the destination's name are used.</summary>
    public AddressFamily Family { get; init; } = AddressFamily.Unspecified;

    /// <summary>The only addresses that are connected to, where the name is not to be looked up.</summary>
    public IReadOnlyList<IPAddress>? Addresses { get; init; }

    /// <summary>Bounds looking the name up and connecting.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A connection that carries nothing in either direction for this long is closed; zero for no limit.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Connections relayed at once; more wait in the listener's queue.</summary>
    public int MaxConnections { get; init; } = 1024;
}
