using KmsTool.Cli;
using KmsTool.Protocol.Vsock;

namespace KmsTool.Instance.VsockProxy;

/// <summary>What a proxy listens on and connects to.</summary>
internal sealed record ProxyOptions
{
    public required StreamAddress Local { get; init; }

    public required StreamAddress.Tcp Destination { get; init; }

    /// <summary>Bounds looking the name up and connecting.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections relayed at once; more wait in the listener's queue.</summary>
    public int MaxConnections { get; init; } = DescriptorLimit.ConnectionsWithin(4096, each: 2, others: 0);
}
