namespace KmsTool.Protocol.Messages;

/// <summary>Bounds that an enclave sets to its peers.</summary>
public sealed record EnclaveLimits
{
    /// <summary>Longest message in bytes, without its NUL.</summary>
    public required int MaxMessageSize { get; init; }

    /// <summary>Bytes that the messages and replies of all connections may take together; <see langword="null"/> of an enclave that sets no bound.</summary>
    public int? MessageBudget { get; init; }

    /// <summary>Connections at once.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>Commands of one connection at once.</summary>
    public required int MaxPending { get; init; }

    /// <summary>Seconds for a whole message to arrive.</summary>
    public required double IdleTimeoutSeconds { get; init; }

    /// <summary>Seconds for a command.</summary>
    public required double RequestTimeoutSeconds { get; init; }

    /// <summary>Seconds for the peer to receive a reply.</summary>
    public required double SendTimeoutSeconds { get; init; }
}
