namespace KmsTool.Instance.VsockProxy;

/// <summary>How one direction of a relay ended.</summary>
/// <param name="Bytes">Bytes carried.</param>
/// <param name="Failure">Why it broke off; <see langword="null"/> when the source closed its side and that was passed on.</param>
internal readonly record struct PumpResult(long Bytes, Exception? Failure);
