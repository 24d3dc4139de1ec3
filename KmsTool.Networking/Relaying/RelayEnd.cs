namespace KmsTool.Networking.Relaying;

/// <summary>Why a relay ended.</summary>
internal enum RelayEnd
{
    /// <summary>Both sides closed in order.</summary>
    Closed,

    /// <summary>One side broke off.</summary>
    Broken,

    /// <summary>Nothing passed for too long.</summary>
    Idle,

    /// <summary>One side took too long for a piece of what was sent to it.</summary>
    Stalled,

    /// <summary>The relay was told to stop.</summary>
    Stopped,
}
