namespace KmsTool.Protocol.Messages;

/// <summary>Values of <see cref="Reply.Code"/> that the enclave itself gives; KMS's exception names stand beside them.</summary>
public static class ErrorCodes
{
    /// <summary>The message is no JSON object, or its Operation is missing or of a wrong type.</summary>
    public const string InvalidMessage = "InvalidMessage";

    /// <summary>The message is over the limit.</summary>
    public const string MessageTooLarge = "MessageTooLarge";

    /// <summary>The messages and replies of all peers have used up the enclave's room for them; the message may be sent again.</summary>
    public const string EnclaveBusy = "EnclaveBusy";

    /// <summary>No such operation.</summary>
    public const string UnknownOperation = "UnknownOperation";

    /// <summary>A member is missing, of a wrong type or past its bound.</summary>
    public const string InvalidParameter = "InvalidParameter";

    /// <summary>No SetClient succeeded on this connection.</summary>
    public const string ClientNotInitialized = "ClientNotInitialized";

    /// <summary>Both sides set a region, or the region is malformed.</summary>
    public const string InvalidRegion = "InvalidRegion";

    /// <summary>The enclave's measured configuration forbids it; the message names the option that does.</summary>
    public const string PinViolated = "PinViolated";

    /// <summary>The parent's proxy or KMS cannot be reached.</summary>
    public const string KmsUnreachable = "KmsUnreachable";

    /// <summary>Whoever answered is not KMS: wrong name, unknown issuer, no TLS.</summary>
    public const string KmsTlsFailed = "KmsTlsFailed";

    /// <summary>KMS did not answer within the request's time.</summary>
    public const string KmsTimeout = "KmsTimeout";

    /// <summary>KMS's answer is malformed, or lacks what an attested answer must have.</summary>
    public const string InvalidKmsAnswer = "InvalidKmsAnswer";

    /// <summary>The Nitro Secure Module gave no attestation document.</summary>
    public const string AttestationUnavailable = "AttestationUnavailable";

    /// <summary>The enclave's measured configuration does not say that it takes credentials that are pushed.</summary>
    public const string CredentialsNotTaken = "CredentialsNotTaken";

    /// <summary>A fault of the enclave program.</summary>
    public const string InternalError = "InternalError";
}
