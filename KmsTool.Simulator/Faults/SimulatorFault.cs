namespace KmsTool.Simulator.Faults;

/// <summary>
/// The ways in which the simulator misbehaves on order. The KMS ones concern requests with a Recipient only, so that
/// keys and ciphertexts can still be made; the NSM ones concern attestation only, so that PCRs can still be read.
/// </summary>
internal enum SimulatorFault
{
    /// <summary>A success that lacks CiphertextForRecipient.</summary>
    KmsMissingCiphertextForRecipient,

    /// <summary>The plaintext stands in the answer beside CiphertextForRecipient.</summary>
    KmsPlaintextBeside,

    /// <summary>CiphertextForRecipient holds an empty plaintext, which is valid.</summary>
    KmsEmptyPlaintext,

    /// <summary>CiphertextForRecipient is DER, but no enveloped data.</summary>
    KmsMalformedEnvelope,

    /// <summary>CiphertextForRecipient ends half-way.</summary>
    KmsTruncatedEnvelope,

    /// <summary>CiphertextForRecipient is enciphered for another key.</summary>
    KmsForeignEnvelope,

    /// <summary>The content of CiphertextForRecipient is constructed of one OCTET STRING instead of primitive.</summary>
    KmsConstructedEnvelope,

    /// <summary>The content of CiphertextForRecipient is constructed of several OCTET STRINGs.</summary>
    KmsChunkedEnvelope,

    /// <summary>The answer names another key than the one that decrypted.</summary>
    KmsWrongKeyId,

    /// <summary>Status 200 and no body.</summary>
    KmsEmptyAnswer,

    /// <summary>Status 200 and a body that is no JSON.</summary>
    KmsNotJson,

    /// <summary>Status 500, KMSInternalException.</summary>
    Kms500,

    /// <summary>One ThrottlingException, after which the fault is gone.</summary>
    KmsThrottleOnce,

    /// <summary>The answer comes after <see cref="FaultSwitches.SlowDelay"/>.</summary>
    KmsSlow,

    /// <summary>The connection is reset half-way through the body of the answer.</summary>
    KmsCloseMidAnswer,

    /// <summary>The TLS certificate is for another host name.</summary>
    TlsWrongName,

    /// <summary>The TLS certificate has expired.</summary>
    TlsExpired,

    /// <summary>The TLS certificate comes from an authority that is in nobody's CA bundle.</summary>
    TlsUntrusted,

    /// <summary>NSM answers InternalError to a request for attestation.</summary>
    NsmRefuse,

    /// <summary>NSM answers bytes that are no CBOR to a request for attestation.</summary>
    NsmGarbage,

    /// <summary>NSM never answers a request for attestation.</summary>
    NsmHang,
}
