using System.Formats.Asn1;
using System.Formats.Cbor;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Cbor;

namespace KmsTool.Protocol.Images;

/// <summary>
/// Reads and verifies the signature section of an enclave image: a CBOR array of one map with <c>signing_certificate</c>
/// (PEM or DER) and <c>signature</c> (COSE_Sign1 with ES256, ES384 or ES512), whose payload is a map of <c>register_index</c> (0) and
/// <c>register_value</c> (PCR0). AWS's tools write bytes as arrays of numbers; strings of bytes and text are taken, too.
/// </summary>
internal static class ImageSignatureReader
{
    private const string Field = "signature";
    private const string EcKeyOid = "1.2.840.10045.2.1";

    /// <summary>The protected headers are the maps {1: -7}, {1: -35} and {1: -36} (RFC 9053 section 2.1), the curves' OIDs DER (RFC 5480 section 2.1.1.1).</summary>
    private static readonly Algorithm[] Algorithms =
    [
        new("ES256", [0xA1, 0x01, 0x26], HashAlgorithmName.SHA256, "P-256", [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07], 64),
        new("ES384", [0xA1, 0x01, 0x38, 0x22], HashAlgorithmName.SHA384, "P-384", [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22], 96),
        new("ES512", [0xA1, 0x01, 0x38, 0x23], HashAlgorithmName.SHA512, "P-521", [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23], 132),
    ];

    /// <param name="section">The section's content.</param>
    /// <param name="pcr0">What has to be signed.</param>
    /// <param name="furtherFlags"><see cref="EnclaveImage.FurtherFlags"/>: if there are any, the builder may have signed another PCR0.</param>
    /// <exception cref="EnclaveImageException">It is malformed, or not a valid signature of <paramref name="pcr0"/>.</exception>
    public static ImageSignature Read(ReadOnlyMemory<byte> section, ReadOnlySpan<byte> pcr0, ushort furtherFlags)
    {
        (byte[] certificateText, byte[] signature) = ReadSection(section);
        (CoseSign1 cose, Algorithm algorithm) = ReadCose(signature);
        (ulong index, byte[] value) = ReadPayload(cose.Payload);
        if (index != 0)
        {
            throw new EnclaveImageException(EnclaveImageFailure.SignedPcr, $"{Field}.register_index", $"{index}, expected 0");
        }
        if (!pcr0.SequenceEqual(value) && (furtherFlags == 0 || value.Length != SHA384.HashSizeInBytes))
        {
            throw new EnclaveImageException(EnclaveImageFailure.SignedPcr, $"{Field}.register_value",
                $"{Shortened(value)}, expected PCR0 of this image, {Convert.ToHexStringLower(pcr0)}");
        }

        byte[] der = DecodeCertificate(certificateText);
        try
        {
            using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
            Verify(cose, algorithm, certificate);
            return new ImageSignature
            {
                Certificate = der,
                SignedPcr0 = value,
                Subject = certificate.Subject,
                Issuer = certificate.Issuer,
                NotBefore = certificate.NotBefore.ToUniversalTime(),
                NotAfter = certificate.NotAfter.ToUniversalTime(),
            };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw NoCertificate("cannot be read, expected an X.509 certificate", e);
        }
    }

    private static (byte[] Certificate, byte[] Signature) ReadSection(ReadOnlyMemory<byte> section)
    {
        try
        {
            var reader = new StrictCborReader(section);
            int count = reader.ReadStartFixedArray();
            if (count != 1)
            {
                throw new CborContentException($"{count} signatures, not 1");
            }
            (byte[] certificate, byte[] signature) = ReadPair(reader, "signing_certificate", ReadBytes, "signature", ReadBytes);
            reader.TryReadEndArray();
            reader.ThrowIfNotAtEnd();
            return (certificate, signature);
        }
        catch (CborContentException e)
        {
            throw Malformed(Field, $"{e.Message}; expected an array of one map with signing_certificate and signature", e);
        }
    }

    private static (CoseSign1 Cose, Algorithm Algorithm) ReadCose(byte[] signature)
    {
        CoseSign1 cose;
        try
        {
            cose = CoseSign1.ParseAnyAlgorithm(signature);
        }
        catch (AttestationRejectedException e)
        {
            throw MalformedCose(e.Message, e);
        }
        Algorithm algorithm = Array.Find(Algorithms, known => cose.ProtectedHeader.Span.SequenceEqual(known.ProtectedHeader))
            ?? throw MalformedCose("the protected header names another algorithm, or more than the algorithm", null);
        return cose.Signature.Length == algorithm.SignatureLength
            ? (cose, algorithm)
            : throw MalformedCose($"{cose.Signature.Length} bytes, not the {algorithm.SignatureLength} of {algorithm.Name}", null);
    }

    private static (ulong Index, byte[] Value) ReadPayload(ReadOnlyMemory<byte> payload)
    {
        try
        {
            var reader = new StrictCborReader(payload);
            (ulong index, byte[] value) = ReadPair(reader, "register_index", inner => inner.ReadUnsigned(), "register_value", ReadBytes);
            reader.ThrowIfNotAtEnd();
            return (index, value);
        }
        catch (CborContentException e)
        {
            throw Malformed($"{Field}.payload", $"{e.Message}; expected a map of register_index and register_value", e);
        }
    }

    /// <summary>A map of exactly two keys, in any order.</summary>
    private static (TFirst First, TSecond Second) ReadPair<TFirst, TSecond>(
        StrictCborReader reader, string first, Func<StrictCborReader, TFirst> readFirst, string second, Func<StrictCborReader, TSecond> readSecond)
    {
        int count = reader.ReadStartFixedMap();
        if (count != 2)
        {
            throw new CborContentException($"the map has {count} keys, not 2");
        }
        TFirst? firstValue = default;
        TSecond? secondValue = default;
        for (int i = 0; i < count; i++)
        {
            // The reader refuses the same key twice, so each is there once.
            string key = reader.ReadText(first.Length + second.Length);
            if (key == first)
            {
                firstValue = readFirst(reader);
            }
            else if (key == second)
            {
                secondValue = readSecond(reader);
            }
            else
            {
                throw new CborContentException("the map has another key");
            }
        }
        reader.TryReadEndMap();
        return (firstValue!, secondValue!);
    }

    private static byte[] ReadBytes(StrictCborReader reader) => reader.IsTextNext
        ? Encoding.UTF8.GetBytes(reader.ReadText(EnclaveImage.MaxSignatureLength))
        : reader.ReadBytesOrNumbers();

    /// <summary>DER of the first certificate in PEM, or of the one that it is already.</summary>
    private static byte[] DecodeCertificate(byte[] text)
    {
        ReadOnlySpan<byte> rest = text;
        if (!rest.IsEmpty && rest[0] == 0x30)
        {
            return RequireSingleValue(text);
        }
        while (PemEncoding.TryFindUtf8(rest, out PemFields pem))
        {
            if (rest[pem.Label].SequenceEqual("CERTIFICATE"u8))
            {
                return RequireSingleValue(Convert.FromBase64String(Encoding.ASCII.GetString(rest[pem.Base64Data])));
            }
            rest = rest[pem.Location.End..];
        }
        throw NoCertificate("no certificate, expected PEM or DER", null);
    }

    /// <summary>PCR8 measures these bytes, so none may follow the certificate.</summary>
    private static byte[] RequireSingleValue(byte[] der)
    {
        try
        {
            AsnDecoder.ReadSequence(der, AsnEncodingRules.DER, out _, out _, out int consumed);
            return consumed == der.Length ? der : throw NoCertificate($"{der.Length - consumed} bytes after the certificate, expected none", null);
        }
        catch (AsnContentException e)
        {
            throw NoCertificate("not DER, expected an X.509 certificate", e);
        }
    }

    private static void Verify(CoseSign1 cose, Algorithm algorithm, X509Certificate2 certificate)
    {
        PublicKey publicKey = certificate.PublicKey;
        if (publicKey.Oid.Value != EcKeyOid || publicKey.EncodedParameters is not { } curve || !curve.RawData.AsSpan().SequenceEqual(algorithm.CurveOid))
        {
            throw NoCertificate($"has another key, expected one on {algorithm.Curve}, as the signature is by {algorithm.Name}", null);
        }
        using ECDsa key = certificate.GetECDsaPublicKey() ?? throw NoCertificate($"has no ECDSA key, expected one on {algorithm.Curve}", null);
        if (!key.VerifyData(cose.ToBeSigned, cose.Signature.Span, algorithm.Hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation))
        {
            throw new EnclaveImageException(EnclaveImageFailure.SignatureInvalid, $"{Field}.signature", "not made by the key of the certificate, expected one that is");
        }
    }

    /// <summary>The value may be as long as the section; the message is not.</summary>
    private static string Shortened(byte[] value) =>
        value.Length <= SHA384.HashSizeInBytes ? Convert.ToHexStringLower(value) : $"{value.Length} bytes";

    private static EnclaveImageException NoCertificate(string reason, Exception? cause) =>
        new(EnclaveImageFailure.SigningCertificate, $"{Field}.signing_certificate", reason, cause);

    private static EnclaveImageException MalformedCose(string reason, Exception? cause) =>
        Malformed($"{Field}.signature", $"{reason}; expected COSE_Sign1 with {string.Join(", ", Algorithms.Select(known => known.Name))}", cause);

    private static EnclaveImageException Malformed(string field, string reason, Exception? cause) =>
        new(EnclaveImageFailure.SignatureMalformed, field, reason, cause);

    /// <summary>An algorithm of COSE and the curve that it is used on in images.</summary>
    /// <param name="Name">Its name.</param>
    /// <param name="ProtectedHeader">The only header that names it.</param>
    /// <param name="Hash">What is hashed with.</param>
    /// <param name="Curve">The curve's name.</param>
    /// <param name="CurveOid">The curve's identifier in a certificate.</param>
    /// <param name="SignatureLength">r and s, each as long as the curve's order.</param>
    private sealed record Algorithm(
        string Name, byte[] ProtectedHeader, HashAlgorithmName Hash, string Curve, byte[] CurveOid, int SignatureLength);
}
