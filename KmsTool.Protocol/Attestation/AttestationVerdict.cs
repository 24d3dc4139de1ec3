namespace KmsTool.Protocol.Attestation;

/// <summary>The outcome of verifying an attestation document.</summary>
public sealed class AttestationVerdict
{
    private AttestationVerdict(AttestationFailure failure, string reason, AttestationDocument? document)
    {
        Failure = failure;
        Reason = reason;
        Document = document;
    }

    /// <summary>True when the document is authentic, current and as expected.</summary>
    public bool IsValid => Document is not null;

    /// <summary>The rule that was broken; <see cref="AttestationFailure.None"/> when valid.</summary>
    public AttestationFailure Failure { get; }

    /// <summary>One line for people: what was found and what was expected. Contains public values only.</summary>
    public string Reason { get; }

    /// <summary>The document; <see langword="null"/> unless it is valid.</summary>
    public AttestationDocument? Document { get; }

    /// <summary>Gets the document, or throws if it is not valid.</summary>
    /// <exception cref="AttestationRejectedException">The document is not valid; the exception has <see cref="Failure"/> and <see cref="Reason"/>.</exception>
    public AttestationDocument GetDocument() => Document ?? throw new AttestationRejectedException(Failure, Reason);

    /// <summary><see cref="Reason"/>.</summary>
    public override string ToString() => Reason;

    internal static AttestationVerdict Valid(AttestationDocument document) => new(AttestationFailure.None, "valid", document);

    internal static AttestationVerdict Refused(AttestationFailure failure, string reason) => new(failure, reason, null);
}

/// <summary>Which rule an attestation document breaks. The first one found is reported.</summary>
public enum AttestationFailure
{
    /// <summary>None: the document is valid.</summary>
    None,

    /// <summary>Larger than <see cref="AttestationVerifier.MaxDocumentLength"/>.</summary>
    DocumentTooLarge,

    /// <summary>Not one COSE_Sign1 array of four with nothing after it, or another tag than 18 (RFC 9052 section 4.2).</summary>
    CoseMalformed,

    /// <summary>The protected header is not exactly {1: -35}, ES384.</summary>
    CoseProtectedHeader,

    /// <summary>The unprotected header is not an empty map.</summary>
    CoseUnprotectedHeader,

    /// <summary>The signature has not 96 bytes.</summary>
    CoseSignatureLength,

    /// <summary>The payload is not a CBOR map of the right types with nothing after it.</summary>
    PayloadMalformed,

    /// <summary>The payload has a member that the specification does not name.</summary>
    PayloadUnknownMember,

    /// <summary>The payload, or its map of PCRs, has a key twice.</summary>
    PayloadDuplicateKey,

    /// <summary>A mandatory member is missing.</summary>
    PayloadMissingMember,

    /// <summary><c>module_id</c> is empty or longer than 256 bytes.</summary>
    ModuleId,

    /// <summary><c>digest</c> is not SHA384.</summary>
    Digest,

    /// <summary><c>timestamp</c> is 0 or beyond the calendar.</summary>
    Timestamp,

    /// <summary><c>pcrs</c> has none, more than 32, an index above 31, or a value that is not 32, 48 or 64 bytes long.</summary>
    Pcrs,

    /// <summary><c>certificate</c> has not 1 to 1024 bytes.</summary>
    CertificateLength,

    /// <summary><c>cabundle</c> is empty, longer than <see cref="AttestationVerifier.MaxCaBundleCount"/>, or has a member of not 1 to 1024 bytes.</summary>
    CaBundle,

    /// <summary><c>public_key</c> has more than 1024 bytes.</summary>
    PublicKeyLength,

    /// <summary><c>user_data</c> has more than 1024 bytes.</summary>
    UserDataLength,

    /// <summary><c>nonce</c> has more than 1024 bytes.</summary>
    NonceLength,

    /// <summary>The first certificate of <c>cabundle</c> is not the pinned root.</summary>
    RootMismatch,

    /// <summary>A certificate is not DER of an X.509 version 3 certificate.</summary>
    CertificateMalformed,

    /// <summary>A certificate has another key than P-384 or another signature algorithm than ecdsa-with-SHA384.</summary>
    CertificateAlgorithm,

    /// <summary>A certificate has a critical extension that is not understood, or an extension twice.</summary>
    CertificateExtension,

    /// <summary>A certificate is not valid yet.</summary>
    CertificateNotYetValid,

    /// <summary>A certificate has expired.</summary>
    CertificateExpired,

    /// <summary>An issuer is not a certificate authority, or the document's certificate is one.</summary>
    CertificateBasicConstraints,

    /// <summary>More certificates follow an issuer than its path length allows.</summary>
    CertificatePathLength,

    /// <summary>An issuer may not sign certificates, or the document's certificate may not sign.</summary>
    CertificateKeyUsage,

    /// <summary>A certificate's issuer name is not the subject name of the one above it.</summary>
    CertificateName,

    /// <summary>A certificate was not signed by the one above it.</summary>
    CertificateSignature,

    /// <summary>The document was not signed by its certificate.</summary>
    DocumentSignature,

    /// <summary>Older than <see cref="AttestationExpectations.MaxAge"/>.</summary>
    TooOld,

    /// <summary>Dated further in the future than <see cref="AttestationExpectations.ClockSkew"/>.</summary>
    InTheFuture,

    /// <summary>A PCR is not the expected one, or missing.</summary>
    PcrMismatch,

    /// <summary>The nonce is not the expected one, or missing.</summary>
    NonceMismatch,

    /// <summary>The user data is not the expected one, or missing.</summary>
    UserDataMismatch,

    /// <summary>A public key was expected, and the document has none or an empty one.</summary>
    PublicKeyMissing,

    /// <summary>The enclave runs in debug mode, which was to be refused.</summary>
    DebugMode,
}

/// <summary>An attestation document breaks a rule. The message contains public values only.</summary>
public sealed class AttestationRejectedException : Exception
{
    internal AttestationRejectedException(AttestationFailure failure, string reason, Exception? innerException = null)
        : base(reason, innerException) => Failure = failure;

    /// <summary>Gets the rule that is broken.</summary>
    public AttestationFailure Failure { get; }
}
