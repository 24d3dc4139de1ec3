namespace KmsTool.Signing;

/// <summary>Why a request's signature was not accepted. Each service has error codes of its own for these.</summary>
internal enum SignatureFailure
{
    /// <summary>There is no Authorization header.</summary>
    Missing,

    /// <summary>The header cannot be parsed or lacks a part, or a header that must be signed is not.</summary>
    Incomplete,

    /// <summary>The access key or the session token is not known.</summary>
    UnknownToken,

    /// <summary>The access key has expired.</summary>
    ExpiredToken,

    /// <summary>Scope, time or signature is wrong.</summary>
    Invalid,
}

/// <summary>The signature of a request was not accepted.</summary>
internal sealed class SignatureException(SignatureFailure failure, string message) : Exception(message)
{
    public SignatureFailure Failure { get; } = failure;
}
