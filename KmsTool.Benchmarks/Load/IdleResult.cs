using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Load;

/// <summary>What many idle connections cost the enclave.</summary>
internal sealed record IdleResult
{
    /// <summary>How many it accepted.</summary>
    public required int Accepted { get; init; }

    /// <summary>How long opening all took.</summary>
    public required TimeSpan Opened { get; init; }

    /// <summary>How many it had not closed at the end.</summary>
    public required int StillOpen { get; init; }

    /// <summary>The enclave, warm, without them.</summary>
    public required ProcessUsage Before { get; init; }

    /// <summary>With all connected, none of which has said anything.</summary>
    public required ProcessUsage Silent { get; init; }

    /// <summary>A whole session on one more connection, with those.</summary>
    public required TimeSpan SessionBeside { get; init; }

    /// <summary>With a client set on each.</summary>
    public required ProcessUsage WithClient { get; init; }

    /// <summary>A whole session on one more connection, with those.</summary>
    public required TimeSpan SessionBesideClients { get; init; }

    /// <summary>The longest of the sessions, one after the other with pauses, before there were connections.</summary>
    public required TimeSpan LongestSessionBefore { get; init; }

    /// <summary>The same from the end of the connections on, while memory is given back.</summary>
    public required TimeSpan LongestSessionAfterwards { get; init; }

    /// <summary>The enclave after that.</summary>
    public required ProcessUsage Afterwards { get; init; }
}
