using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>Bounds on what peers may take.</summary>
internal sealed record DaemonLimits
{
    /// <summary>Longest message in bytes, without its NUL.</summary>
    public int MaxMessageLength { get; init; } = MessageReader.DefaultMaxLength;

    /// <summary>Bytes that the messages and replies of all connections may take together.</summary>
    public int MessageBudget { get; init; } = 32 * 1024 * 1024;

    /// <summary>Connections open at once; further ones are closed.</summary>
    public int MaxConnections { get; init; } = 16384;

    /// <summary>Commands of one connection worked on, or answered but not yet taken by the peer, at once.</summary>
    public int MaxPending { get; init; } = 16;

    /// <summary>How long a whole message may take to arrive.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long one command may take, and how long its message may wait for room before that.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the peer may take to receive a reply.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long commands under way may take after SIGTERM.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
