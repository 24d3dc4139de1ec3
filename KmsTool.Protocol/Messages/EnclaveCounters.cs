namespace KmsTool.Protocol.Messages;

/// <summary>What has happened in an enclave since it started.</summary>
public sealed record EnclaveCounters
{
    /// <summary>Connections that are open now.</summary>
    public required long ConnectionsOpen { get; init; }

    /// <summary>Connections that were accepted, the open ones included.</summary>
    public required long ConnectionsAccepted { get; init; }

    /// <summary>Connections that were closed at once, because too many were open.</summary>
    public required long ConnectionsRefused { get; init; }

    /// <summary>Commands by operation; what is no known operation counts as <c>Invalid</c>.</summary>
    public required IReadOnlyDictionary<string, OperationCounters> Operations { get; init; }
}
