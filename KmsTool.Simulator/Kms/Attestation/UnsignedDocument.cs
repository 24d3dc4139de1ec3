using KmsTool.Protocol.Attestation;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>
/// Reads the documents of QEMU's <c>nitro-enclave</c> machine, whose security module has no key to sign with: all is as a
/// real device writes it, but signature, certificate and CA bundle are zeros and the algorithm is -1. They prove nothing.
/// </summary>
internal static class UnsignedDocument
{
    /// <summary>What QEMU writes in place of a signature (hw/virtio/virtio-nsm.c); as long a one as ES384 makes is taken, too.</summary>
    private const int QemuSignatureLength = 64;

    /// <summary>The map {1: -1}: an algorithm that there is not.</summary>
    private static ReadOnlySpan<byte> NoAlgorithmHeader => [0xA1, 0x01, 0x20];

    /// <summary>
    /// The document; null where any byte in the place of the signature, the certificate or the CA bundle is not zero: such
    /// a document claims to be signed, and that is for <see cref="AttestationVerifier"/> to judge.
    /// </summary>
    /// <exception cref="AttestationRejectedException">
    /// It breaks another rule: everything else has the form and the limits of a document that is signed.
    /// </exception>
    public static AttestationDocument? Read(ReadOnlyMemory<byte> encoded)
    {
        if (encoded.Length > AttestationVerifier.MaxDocumentLength)
        {
            return null;
        }

        var cose = CoseSign1.ParseAnyAlgorithm(encoded);
        if (!HasNoSignature(cose))
        {
            return null;
        }

        AttestationDocument document = AttestationPayload.Read(cose.Payload);
        return IsZero(document.Certificate) && document.CaBundle.All(IsZero) ? document : null;
    }

    private static bool HasNoSignature(CoseSign1 cose) =>
        (cose.IsEs384 || cose.ProtectedHeader.Span.SequenceEqual(NoAlgorithmHeader))
        && cose.Signature.Length is QemuSignatureLength or CoseSign1.SignatureLength
        && IsZero(cose.Signature);

    private static bool IsZero(ReadOnlyMemory<byte> bytes) => !bytes.Span.ContainsAnyExcept((byte)0);
}
