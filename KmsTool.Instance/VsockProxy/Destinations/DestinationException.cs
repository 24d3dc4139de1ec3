

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>The destination cannot be reached; the message says why.</summary>
internal sealed class DestinationException(DestinationFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public DestinationFailure Failure { get; } = failure;
}

/// <summary>Why a destination cannot be reached.</summary>
internal enum DestinationFailure
{
    /// <summary>Its name has no addresses, or they cannot be looked up.</summary>
    Unresolved,

    /// <summary>It, or each of its addresses, may not be connected to.</summary>
    NotAllowed,

    /// <summary>No address could be connected to.</summary>
    Unreachable,

    /// <summary>It did not answer in time.</summary>
    TimedOut,
}
