namespace KmsTool.Simulator.Faults;

/// <summary>
/// The ways in which the simulator misbehaves on order. The KMS ones
/// concern requests with a Recipient only, so that keys and ciphertexts can still be made; the NSM ones concern
/// attestation only, so that PCRs can still be read.
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
