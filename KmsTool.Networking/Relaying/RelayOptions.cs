namespace KmsTool.Networking.Relaying;

/// <summary>Bounds of a relay, and who is told of what passes.</summary>
internal sealed record RelayOptions
{
    /// <summary>
    /// Longest time without a byte in either direction, while no side has still to take something; zero for no limit.
    /// </summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// Longest time in which a side has to take a piece, of 64 KiB at most, of what is sent to it. A vsock send that waits for
    /// the peer's credit does not notice that the peer has gone; this ends it, after twice the time at the latest.
    /// </summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Told of bytes that passed from the accepted connection to the destination, as they pass.</summary>
    public Action<int>? Up { get; init; }

    /// <summary>Told of bytes that passed the other way.</summary>
    public Action<int>? Down { get; init; }
}
