namespace KmsTool.Instance.VsockProxy;

/// <summary>How a relay ended.</summary>
/// <param name="BytesUp">Bytes from the accepted connection to the destination.</param>
/// <param name="BytesDown">Bytes the other way.</param>
/// <param name="Failure">What broke it off; <see langword="null"/> when both sides closed in order.</param>
internal readonly record struct RelayResult(long BytesUp, long BytesDown, Exception? Failure);
