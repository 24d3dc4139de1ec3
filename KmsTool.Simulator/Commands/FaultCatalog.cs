using KmsTool.Simulator.Faults;

namespace KmsTool.Simulator.Commands;

/// <summary>The names that <c>--fault</c> takes, and the effect of each fault.</summary>
internal static class FaultCatalog
{
    public static IReadOnlyList<(SimulatorFault Fault, string Name, string Effect)> All { get; } =
    [
        (SimulatorFault.KmsMissingCiphertextForRecipient, "kms-missing-ciphertext-for-recipient", "no CiphertextForRecipient"),
        (SimulatorFault.KmsPlaintextBeside, "kms-plaintext-beside", "the plaintext stands beside it"),
        (SimulatorFault.KmsNullBeside, "kms-null-beside", "the plaintext is there as null (valid)"),
        (SimulatorFault.KmsEmptyBeside, "kms-empty-beside", "the plaintext is there as \"\" (valid)"),
        (SimulatorFault.KmsEmptyPlaintext, "kms-empty-plaintext", "it holds an empty plaintext (valid)"),
        (SimulatorFault.KmsMalformedEnvelope, "kms-malformed-envelope", "it is DER, but no enveloped data"),
        (SimulatorFault.KmsTruncatedEnvelope, "kms-truncated-envelope", "it ends half-way"),
        (SimulatorFault.KmsForeignEnvelope, "kms-foreign-envelope", "it is enciphered for another key"),
        (SimulatorFault.KmsPrimitiveEnvelope, "kms-primitive-envelope", "its content is primitive (valid)"),
        (SimulatorFault.KmsChunkedEnvelope, "kms-chunked-envelope", "its content is in 4 parts (valid)"),
        (SimulatorFault.KmsWrongKeyId, "kms-wrong-key-id", "the answer names another key"),
        (SimulatorFault.KmsEmptyAnswer, "kms-empty-answer", "status 200, no body"),
        (SimulatorFault.KmsNotJson, "kms-not-json", "status 200, a body that is HTML"),
        (SimulatorFault.Kms500, "kms-500", "status 500, KMSInternalException"),
        (SimulatorFault.KmsThrottleOnce, "kms-throttle-once", "one ThrottlingException, then no more"),
        (SimulatorFault.KmsExpiredTokenOnce, "kms-expired-token-once", "one ExpiredTokenException, then no more"),
        (SimulatorFault.KmsSlow, "kms-slow", "the answer comes after 30 seconds"),
        (SimulatorFault.KmsCloseMidAnswer, "kms-close-mid-answer", "the connection is reset within the body"),
        (SimulatorFault.TlsWrongName, "tls-wrong-name", "the certificate is for another host"),
        (SimulatorFault.TlsExpired, "tls-expired", "the certificate has expired"),
        (SimulatorFault.TlsUntrusted, "tls-untrusted", "the certificate is another authority's"),
        (SimulatorFault.NsmRefuse, "nsm-refuse", "attestation fails with InternalError"),
        (SimulatorFault.NsmGarbage, "nsm-garbage", "what answers attestation is not CBOR"),
        (SimulatorFault.NsmHang, "nsm-hang", "attestation is never answered"),
    ];

    /// <summary>Lists all faults, one a line, for a help text of 80 columns.</summary>
    public static string Describe() => string.Join('\n', All.Select(entry => $"  {entry.Name,-36} {entry.Effect}"));

    public static string GetName(SimulatorFault fault) => All.First(entry => entry.Fault == fault).Name;
}
