using System.Collections;
using System.Formats.Asn1;
using System.Security.Cryptography;

namespace KmsTool.Protocol.Attestation;

/// <summary>
/// An X.509 version 3 certificate (RFC 5280 section 4) of the Nitro attestation PKI: DER, a P-384 key, ecdsa-with-SHA384,
/// no critical extension but basic constraints and key usage.
/// </summary>
internal sealed class AttestationCertificate
{
    private const string BasicConstraintsOid = "2.5.29.19";
    private const string KeyUsageOid = "2.5.29.15";
    private const int DigitalSignatureBit = 0;
    private const int KeyCertSignBit = 5;
    private const int CoordinateLength = 48;

    /// <summary>AlgorithmIdentifier of ecdsa-with-SHA384 (1.2.840.10045.4.3.3), without parameters (RFC 5758 section 3.2).</summary>
    private static readonly byte[] EcdsaWithSha384 = [0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03];

    /// <summary>AlgorithmIdentifier of an EC key (1.2.840.10045.2.1) on secp384r1 (1.3.132.0.34) (RFC 5480 section 2.1).</summary>
    private static readonly byte[] KeyOnP384 = [0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22];

    private readonly string _name;
    private ReadOnlyMemory<byte> _toBeSigned;
    private ReadOnlyMemory<byte> _signature;
    private ECParameters _key;

    private AttestationCertificate(string name) => _name = name;

    /// <summary>DER of the issuer's name; names are compared byte for byte.</summary>
    public ReadOnlyMemory<byte> IssuerName { get; private set; }

    /// <summary>DER of the subject's name.</summary>
    public ReadOnlyMemory<byte> SubjectName { get; private set; }

    public DateTimeOffset NotBefore { get; private set; }

    /// <summary>The last second of validity.</summary>
    public DateTimeOffset NotAfter { get; private set; }

    public bool IsAuthority { get; private set; }

    /// <summary>How many authorities may follow below; null when unlimited.</summary>
    public int? PathLength { get; private set; }

    public bool MaySign { get; private set; }

    public bool MaySignCertificates { get; private set; }

    /// <summary>Parses <paramref name="der"/>; <paramref name="name"/> says in errors which certificate it is.</summary>
    /// <exception cref="AttestationRejectedException">A rule is broken.</exception>
    public static AttestationCertificate Parse(ReadOnlyMemory<byte> der, string name)
    {
        var certificate = new AttestationCertificate(name);
        try
        {
            certificate.Read(der);
        }
        catch (AsnContentException exception)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateMalformed, $"{name} is not a DER certificate", exception);
        }
        return certificate;
    }

    /// <summary>Whether this certificate's key signed <paramref name="certificate"/>.</summary>
    public bool VerifyCertificate(AttestationCertificate certificate) =>
        Verify(certificate._toBeSigned.Span, certificate._signature.Span, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>Whether this certificate's key made <paramref name="signature"/>, r‖s, over <paramref name="toBeSigned"/>.</summary>
    public bool VerifyDocument(ReadOnlySpan<byte> toBeSigned, ReadOnlySpan<byte> signature) =>
        Verify(toBeSigned, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    private bool Verify(ReadOnlySpan<byte> signed, ReadOnlySpan<byte> signature, DSASignatureFormat format)
    {
        try
        {
            using var key = ECDsa.Create(_key);
            return key.VerifyData(signed, signature, HashAlgorithmName.SHA384, format);
        }
        catch (CryptographicException)
        {
            // The point is not on the curve.
            return false;
        }
    }

    private void Read(ReadOnlyMemory<byte> der)
    {
        var outer = new AsnReader(der, AsnEncodingRules.DER);
        AsnReader certificate = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        _toBeSigned = certificate.PeekEncodedValue();
        AsnReader body = certificate.ReadSequence();
        ReadSignatureAlgorithm(certificate);
        _signature = ReadBits(certificate);
        certificate.ThrowIfNotEmpty();

        AsnReader version = body.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0));
        if (!version.TryReadInt32(out int number) || number != 2)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateMalformed, $"{_name} is not version 3");
        }
        version.ThrowIfNotEmpty();
        body.ReadIntegerBytes();
        ReadSignatureAlgorithm(body);
        IssuerName = ReadName(body);
        ReadValidity(body.ReadSequence());
        SubjectName = ReadName(body);
        ReadKey(body.ReadSequence());

        AsnReader extensions = body.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 3));
        body.ThrowIfNotEmpty();
        ReadExtensions(extensions.ReadSequence());
        extensions.ThrowIfNotEmpty();
    }

    private void ReadSignatureAlgorithm(AsnReader reader)
    {
        if (!reader.ReadEncodedValue().Span.SequenceEqual(EcdsaWithSha384))
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateAlgorithm, $"{_name} is not signed with ecdsa-with-SHA384");
        }
    }

    private static ReadOnlyMemory<byte> ReadName(AsnReader reader)
    {
        ReadOnlyMemory<byte> name = reader.PeekEncodedValue();
        reader.ReadSequence();
        return name;
    }

    private void ReadValidity(AsnReader reader)
    {
        NotBefore = ReadTime(reader);
        NotAfter = ReadTime(reader);
        reader.ThrowIfNotEmpty();
    }

    private static DateTimeOffset ReadTime(AsnReader reader)
    {
        DateTimeOffset time = reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();
        return time.Ticks % TimeSpan.TicksPerSecond == 0 ? time : throw new AsnContentException("a fraction of a second (RFC 5280 section 4.1.2.5.2)");
    }

    private void ReadKey(AsnReader reader)
    {
        if (!reader.ReadEncodedValue().Span.SequenceEqual(KeyOnP384))
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateAlgorithm, $"{_name} has another key than P-384");
        }
        ReadOnlyMemory<byte> point = ReadBits(reader);
        reader.ThrowIfNotEmpty();
        if (point.Length != 1 + (2 * CoordinateLength) || point.Span[0] != 0x04)
        {
            throw new AttestationRejectedException(AttestationFailure.CertificateAlgorithm, $"{_name} has no uncompressed P-384 point");
        }
        _key = new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP384,
            Q = new ECPoint { X = point[1..(1 + CoordinateLength)].ToArray(), Y = point[(1 + CoordinateLength)..].ToArray() },
        };
    }

    private static ReadOnlyMemory<byte> ReadBits(AsnReader reader) =>
        reader.TryReadPrimitiveBitString(out int unusedBits, out ReadOnlyMemory<byte> bits) && unusedBits == 0
            ? bits
            : throw new AsnContentException("a bit string of whole bytes was expected");

    private void ReadExtensions(AsnReader reader)
    {
        var seen = new HashSet<string>();
        while (reader.HasData)
        {
            AsnReader extension = reader.ReadSequence();
            string oid = extension.ReadObjectIdentifier();
            if (!seen.Add(oid))
            {
                throw new AttestationRejectedException(AttestationFailure.CertificateExtension, $"{_name} has extension {oid} twice");
            }
            bool isCritical = ReadTrueOrDefault(extension);
            byte[] value = extension.ReadOctetString();
            extension.ThrowIfNotEmpty();
            ReadExtension(oid, isCritical, new AsnReader(value, AsnEncodingRules.DER));
        }
    }

    private void ReadExtension(string oid, bool isCritical, AsnReader value)
    {
        switch (oid)
        {
            case BasicConstraintsOid:
                AsnReader constraints = value.ReadSequence();
                value.ThrowIfNotEmpty();
                IsAuthority = ReadTrueOrDefault(constraints);
                PathLength = constraints.HasData ? ReadPathLength(constraints) : null;
                constraints.ThrowIfNotEmpty();
                if (PathLength is not null && !IsAuthority)
                {
                    throw new AsnContentException("a path length where there is no authority");
                }
                break;
            case KeyUsageOid:
                BitArray usage = value.ReadNamedBitList();
                value.ThrowIfNotEmpty();
                MaySign = usage.Length > DigitalSignatureBit && usage[DigitalSignatureBit];
                MaySignCertificates = usage.Length > KeyCertSignBit && usage[KeyCertSignBit];
                break;
            default:
                if (isCritical)
                {
                    throw new AttestationRejectedException(AttestationFailure.CertificateExtension, $"{_name} has the critical extension {oid}, which is not understood");
                }
                break;
        }
    }

    /// <summary>A BOOLEAN DEFAULT FALSE: true or, as DER wants it, absent.</summary>
    private static bool ReadTrueOrDefault(AsnReader reader)
    {
        if (!reader.HasData || !reader.PeekTag().HasSameClassAndValue(Asn1Tag.Boolean))
        {
            return false;
        }
        return reader.ReadBoolean() ? true : throw new AsnContentException("a default value is encoded");
    }

    private static int ReadPathLength(AsnReader constraints) =>
        constraints.TryReadInt32(out int length) && length >= 0 ? length : throw new AsnContentException("the path length is not a small number");
}
