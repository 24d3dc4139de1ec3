namespace KmsTool.Simulator.Faults;

/// <summary>
/// The faults that a test can switch on. Those of KMS concern only requests with a Recipient, so that keys and ciphertexts can
/// still be made; those of NSM concern only attestation, so that PCRs can still be read.
/// </summary>
internal enum SimulatorFault
{
    KmsMissingCiphertextForRecipient,
    KmsPlaintextBeside,
    KmsNullBeside,
    KmsEmptyBeside,
    KmsEmptyPlaintext,
    KmsMalformedEnvelope,
    KmsTruncatedEnvelope,
    KmsForeignEnvelope,
    KmsPrimitiveEnvelope,
    KmsChunkedEnvelope,
    KmsWrongKeyId,
    KmsEmptyAnswer,
    KmsNotJson,
    Kms500,
    KmsThrottleOnce,
    KmsExpiredTokenOnce,
    KmsSlow,
    KmsCloseMidAnswer,
    TlsWrongName,
    TlsExpired,
    TlsUntrusted,
    NsmRefuse,
    NsmGarbage,
    NsmHang,
}
