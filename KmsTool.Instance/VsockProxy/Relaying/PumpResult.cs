namespace KmsTool.Instance.VsockProxy.Relaying;

/// <summary>How one direction of a relay ended.</summary>
/// <param name="Bytes">Bytes carried.</param>
/// <param name="End">Why; <see cref="RelayEnd.Closed"/> when the source closed its side and that was passed on.</param>
/// <param name="Reason">What broke it off, in words.</param>
internal readonly record struct PumpResult(long Bytes, RelayEnd End, string? Reason);
