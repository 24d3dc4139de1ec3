namespace KmsTool.Protocol.Signing;

/// <summary>Why a request's signature was not accepted. Each service words it with an error code of its own.</summary>
internal enum SignatureFailure
{
    /// <summary>There is no Authorization header.</summary>
    Missing,

    /// <summary>The header cannot be parsed or lacks a part, or a header that must be signed is not.</summary>
    Incomplete,

    /// <summary>The access key or the session token is not known.</summary>
    UnknownToken,

    /// <summary>The key pair has expired.</summary>
    ExpiredToken,

    /// <summary>Scope, time or signature is wrong.</summary>
    Invalid,
}
