namespace KmsTool.Instance.VsockProxy.Monitoring;

/// <summary>Why a connection to the proxy ended. In the metrics the same words in lower case, with underscores.</summary>
internal enum ConnectionEnd
{
    /// <summary>Both sides closed in order.</summary>
    Closed,

    /// <summary>One side broke off.</summary>
    Broken,

    /// <summary>Nothing passed for the idle timeout.</summary>
    Idle,

    /// <summary>One side took too long for a piece of what was sent to it.</summary>
    Stalled,

    /// <summary>The proxy ended before it did.</summary>
    Stopped,

    /// <summary>The destination's name could not be looked up.</summary>
    Unresolved,

    /// <summary>The destination, or each of its addresses, is not allowed.</summary>
    NotAllowed,

    /// <summary>The destination could not be connected to.</summary>
    Unreachable,

    /// <summary>The destination did not answer in time.</summary>
    ConnectTimeout,

    /// <summary>The CONNECT request was not valid, or did not come.</summary>
    BadRequest,

    /// <summary>The listener does not list the peer.</summary>
    PeerNotAllowed,

    /// <summary>There were too many connections already.</summary>
    TooMany,

    /// <summary>Internal error.</summary>
    Fault,
}
