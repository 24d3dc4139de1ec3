namespace KmsTool.Protocol.Attestation;

/// <summary>
/// Verifies attestation documents of Nitro Enclaves: form, certificate chain to a pinned root, signature, and what the
/// caller expects of the content. Consults no trust store, no network and no clock. Safe for concurrent use.
/// </summary>
/// <param name="root">The root certificate: <see cref="AttestationRoot.Aws"/> for enclaves on AWS.</param>
/// <remarks>
/// Rules: AWS Nitro Enclaves User Guide, "Verifying the root of trust"; RFC 9052 for the signature; RFC 5280 section 6
/// for the chain, with nothing but P-384 and SHA-384. There is no revocation: AWS keeps the certificates short-lived.
/// </remarks>
public sealed class AttestationVerifier(AttestationRoot root)
{
    /// <summary>Largest document in bytes. The response of a device that contains a document has at most 12,288.</summary>
    public const int MaxDocumentLength = 16384;

    /// <summary>Most issuing certificates in a document, the root among them. Real ones have 4.</summary>
    public const int MaxCaBundleCount = 8;

    private readonly AttestationRoot _root = root ?? throw new ArgumentNullException(nameof(root));

    /// <summary>
    /// Verifies a document. Any input gets a verdict.
    /// </summary>
    /// <param name="coseDocument">The document, a COSE_Sign1 structure tagged 18 or untagged, at most <see cref="MaxDocumentLength"/> bytes.</param>
    /// <param name="at">The time as of which the certificates must be valid: now, or when the document was received.</param>
    /// <param name="expectations">
    /// What the document must state. <see langword="null"/> accepts a document of any enclave, made at any time in about three hours.
    /// </param>
    public AttestationVerdict Verify(ReadOnlyMemory<byte> coseDocument, DateTimeOffset at, AttestationExpectations? expectations = null)
    {
        if (coseDocument.Length > MaxDocumentLength)
        {
            return AttestationVerdict.Refused(AttestationFailure.DocumentTooLarge, $"the document has {coseDocument.Length} bytes, more than {MaxDocumentLength}");
        }
        try
        {
            // A copy, so that what is returned is what was verified even when the caller's buffer is used again.
            var cose = CoseSign1.Parse(coseDocument.ToArray());
            AttestationDocument document = AttestationPayload.Read(cose.Payload);
            AttestationCertificate signer = AttestationChain.Verify(document, _root, at);
            if (!signer.VerifyDocument(cose.ToBeSigned, cose.Signature.Span))
            {
                throw new AttestationRejectedException(AttestationFailure.DocumentSignature, "the document was not signed by its certificate");
            }
            expectations?.Check(document, at);
            return AttestationVerdict.Valid(document);
        }
        catch (AttestationRejectedException rejection)
        {
            return AttestationVerdict.Refused(rejection.Failure, rejection.Message);
        }
    }
}
