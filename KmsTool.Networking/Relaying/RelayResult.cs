namespace KmsTool.Networking.Relaying;

/// <summary>How a relay ended.</summary>
/// <param name="BytesUp">Bytes from the accepted connection to the destination.</param>
/// <param name="BytesDown">Bytes the other way.</param>
/// <param name="End">Why it ended.</param>
/// <param name="Reason">What broke it off, in words; <see langword="null"/> when both sides closed in order.</param>
internal readonly record struct RelayResult(long BytesUp, long BytesDown, RelayEnd End, string? Reason);
