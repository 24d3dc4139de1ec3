namespace KmsTool.Protocol.Nsm;

/// <summary>
/// A message of the Nitro Secure Module protocol breaks one of its rules, or did not arrive whole. The message names the
/// rule and never quotes content.
/// </summary>
public sealed class NsmException : Exception
{
    /// <summary>Creates the exception.</summary>
    public NsmException(NsmErrorCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>What a device answers to such a request; <see cref="NsmErrorCode.InvalidResponse"/> when it was a response.</summary>
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
