namespace KmsTool.Instance.VsockProxy;

/// <summary>The destination cannot be reached; the message says why.</summary>
internal sealed class DestinationException(string message, Exception? inner = null) : Exception(message, inner);
