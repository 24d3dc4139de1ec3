namespace KmsTool.Protocol.Nsm;

/// <summary>
/// The Nitro Secure Module refused a request, or a message of its protocol breaks a rule or did not arrive whole. The message of the
/// exception names the rule and never quotes content.
/// </summary>
public sealed class NsmException : Exception
{
    internal NsmException(NsmErrorCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>Gets the error of the module, or the one with which a module refuses such a request. <see cref="NsmErrorCode.InvalidResponse"/> if the response is at fault.</summary>
    public NsmErrorCode Code { get; }
}

/// <summary>
/// Why the Nitro Secure Module refused a request. On the wire each is its own name as CBOR text
/// (aws-nitro-enclaves-nsm-api, <c>ErrorCode</c>).
/// </summary>
public enum NsmErrorCode
{
    /// <summary>An argument is not acceptable.</summary>
    InvalidArgument,

    /// <summary>There is no PCR of that index.</summary>
    InvalidIndex,

    /// <summary>The response cannot be understood.</summary>
    InvalidResponse,

    /// <summary>The PCR is locked.</summary>
    ReadOnlyIndex,

    /// <summary>The operation is unknown or not possible now.</summary>
    InvalidOperation,

    /// <summary>The response does not fit the caller's buffer.</summary>
    BufferTooSmall,

    /// <summary>The request, or a part of it, is too large.</summary>
    InputTooLarge,

    /// <summary>The module failed.</summary>
    InternalError,
}
