namespace KmsTool.Enclave.Egress;

/// <summary>Where the proxy for applications listens, where it lets them go, and its bounds.</summary>
internal sealed record EgressOptions
{
    public const int DefaultPort = 10000;

    /// <summary>The port on loopback, or 0 for any.</summary>
    public int Port { get; init; } = DefaultPort;

    public required EgressRules Rules { get; init; }

    /// <summary>How connections leave.</summary>
    public required ParentRoutes Parent { get; init; }

    /// <summary>
    /// Connections open at once. The one that has been without a request for the longest time gives way to a further one; where
    /// all have one, the tunnel that has been idle for the longest time, and <see cref="TunnelPatience"/> at least. Where there
    /// is none, further ones wait.
    /// </summary>
    public int MaxConnections { get; init; } = 512;

    /// <summary>How long the head of a request may take. With the time that its refusal takes, a silent connection ends within 10 s.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>How long nothing has to pass through a tunnel before it gives way.</summary>
    public TimeSpan TunnelPatience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the way to a destination may take to open.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
