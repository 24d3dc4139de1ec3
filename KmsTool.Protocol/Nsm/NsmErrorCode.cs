namespace KmsTool.Protocol.Nsm;

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
