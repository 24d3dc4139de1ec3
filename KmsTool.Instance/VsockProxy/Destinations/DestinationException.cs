namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>The destination cannot be reached; the message says why.</summary>
internal sealed class DestinationException(DestinationFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public DestinationFailure Failure { get; } = failure;
}
