namespace KmsTool.Benchmarks.Proxy;

/// <summary>What to measure, and how much of it.</summary>
internal sealed record ProxyOptions
{
    /// <summary>Where the published kmstool-instance is.</summary>
    public required string ProgramDirectory { get; init; }

    /// <summary>What to measure.</summary>
    public required IReadOnlySet<ProxyPart> Parts { get; init; }

    /// <summary>How often each path is measured, in turn with the others.</summary>
    public required int Rounds { get; init; }

    /// <summary>How long each measurement takes.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Idle connections through each proxy.</summary>
    public required int IdleConnections { get; init; }

    /// <summary>Idle connections through those that need no process for each.</summary>
    public required int ManyIdleConnections { get; init; }

    /// <summary>Further environment variables of kmstool-instance.</summary>
    public required IReadOnlyDictionary<string, string> ProxyEnvironment { get; init; }

    /// <summary>Further arguments of kmstool-instance vsock-proxy.</summary>
    public required IReadOnlyList<string> ProxyArguments { get; init; }
}
