using System.Formats.Asn1;

namespace KmsTool.Protocol.Recipient;

/// <summary>
/// The parts of a CMS EnvelopedData (RFC 5652 section 6) in the one shape that KMS sends: version 2, one key transport
/// recipient known by a 32-byte subject key identifier, RSAES-OAEP with SHA-256 and MGF1-SHA-256, AES-256-CBC. Lengths
/// may be definite or indefinite (BER). The identifier is not compared: it was seen to be the SHA-256 of the public key's
/// SubjectPublicKeyInfo, but AWS does not say so, and only the right private key opens the envelope anyway.
/// </summary>
internal sealed class EnvelopedContent
{
    public const int KeyIdentifierLength = 32;
    public const int InitializationVectorLength = 16;
    private const int Version = 2;

    private static readonly Asn1Tag Context0 = new(TagClass.ContextSpecific, 0);
    private static readonly Asn1Tag Context1 = new(TagClass.ContextSpecific, 1);
    private static readonly Asn1Tag Context2 = new(TagClass.ContextSpecific, 2);

    private EnvelopedContent()
    {
    }

    public ReadOnlyMemory<byte> EncryptedKey { get; private set; }

    public ReadOnlyMemory<byte> InitializationVector { get; private set; }

    /// <summary>The ciphertext, all chunks joined.</summary>
    public ReadOnlyMemory<byte> Ciphertext { get; private set; }

    /// <exception cref="AsnContentException">Not of that shape.</exception>
    public static EnvelopedContent Parse(ReadOnlyMemory<byte> cms)
    {
        var content = new EnvelopedContent();
        var outer = new AsnReader(cms, AsnEncodingRules.BER);
        AsnReader contentInfo = outer.ReadSequence();
        outer.ThrowIfNotEmpty();
        ExpectOid(contentInfo, EnvelopeOids.EnvelopedData);
        AsnReader explicitContent = contentInfo.ReadSequence(Context0);
        contentInfo.ThrowIfNotEmpty();
        AsnReader envelopedData = explicitContent.ReadSequence();
        explicitContent.ThrowIfNotEmpty();

        ExpectVersion(envelopedData);
        AsnReader recipients = envelopedData.ReadSetOf();
        content.ReadRecipient(recipients.ReadSequence());
        recipients.ThrowIfNotEmpty();
        content.ReadEncryptedContent(envelopedData.ReadSequence());
        envelopedData.ThrowIfNotEmpty();
        return content;
    }

    private void ReadRecipient(AsnReader recipient)
    {
        ExpectVersion(recipient);
        if (ReadOctets(recipient, Context0).Length != KeyIdentifierLength)
        {
            throw Unexpected();
        }
        CheckKeyEncryption(recipient.ReadSequence());
        EncryptedKey = ReadOctets(recipient, Asn1Tag.PrimitiveOctetString);
        recipient.ThrowIfNotEmpty();
    }

    private static void CheckKeyEncryption(AsnReader algorithm)
    {
        ExpectOid(algorithm, EnvelopeOids.RsaesOaep);
        AsnReader parameters = algorithm.ReadSequence();
        algorithm.ThrowIfNotEmpty();

        // The defaults of these two are SHA-1, so both must be there.
        AsnReader hash = parameters.ReadSequence(Context0);
        CheckSha256(hash.ReadSequence());
        hash.ThrowIfNotEmpty();
        AsnReader mask = parameters.ReadSequence(Context1);
        AsnReader mgf1 = mask.ReadSequence();
        mask.ThrowIfNotEmpty();
        ExpectOid(mgf1, EnvelopeOids.Mgf1);
        CheckSha256(mgf1.ReadSequence());
        mgf1.ThrowIfNotEmpty();

        if (parameters.HasData)
        {
            AsnReader source = parameters.ReadSequence(Context2);
            parameters.ThrowIfNotEmpty();
            AsnReader specified = source.ReadSequence();
            source.ThrowIfNotEmpty();
            ExpectOid(specified, EnvelopeOids.PSpecified);
            if (ReadOctets(specified, Asn1Tag.PrimitiveOctetString).Length != 0)
            {
                throw Unexpected();
            }
            specified.ThrowIfNotEmpty();
        }
    }

    private static void CheckSha256(AsnReader algorithm)
    {
        ExpectOid(algorithm, EnvelopeOids.Sha256);
        if (algorithm.HasData)
        {
            algorithm.ReadNull();
        }
        algorithm.ThrowIfNotEmpty();
    }

    private void ReadEncryptedContent(AsnReader info)
    {
        ExpectOid(info, EnvelopeOids.Data);
        AsnReader algorithm = info.ReadSequence();
        ExpectOid(algorithm, EnvelopeOids.Aes256Cbc);
        InitializationVector = ReadOctets(algorithm, Asn1Tag.PrimitiveOctetString);
        algorithm.ThrowIfNotEmpty();
        if (InitializationVector.Length != InitializationVectorLength)
        {
            throw Unexpected();
        }
        Ciphertext = info.PeekTag().IsConstructed ? ReadChunks(info.ReadSequence(Context0)) : ReadOctets(info, Context0);
        info.ThrowIfNotEmpty();
    }

    private static byte[] ReadChunks(AsnReader chunks)
    {
        using var joined = new MemoryStream();
        while (chunks.HasData)
        {
            joined.Write(ReadOctets(chunks, Asn1Tag.PrimitiveOctetString).Span);
        }
        return joined.ToArray();
    }

    private static ReadOnlyMemory<byte> ReadOctets(AsnReader reader, Asn1Tag tag) =>
        reader.TryReadPrimitiveOctetString(out ReadOnlyMemory<byte> octets, tag) ? octets : throw Unexpected();

    private static void ExpectVersion(AsnReader reader)
    {
        if (!reader.TryReadInt32(out int version) || version != Version)
        {
            throw Unexpected();
        }
    }

    private static void ExpectOid(AsnReader reader, string oid)
    {
        if (reader.ReadObjectIdentifier() != oid)
        {
            throw Unexpected();
        }
    }

    private static AsnContentException Unexpected() => new();
}

/// <summary>Object identifiers of the one kind of envelope that KMS makes.</summary>
internal static class EnvelopeOids
{
    /// <summary>id-data (RFC 5652 section 4).</summary>
    public const string Data = "1.2.840.113549.1.7.1";

    /// <summary>id-envelopedData (RFC 5652 section 6.1).</summary>
    public const string EnvelopedData = "1.2.840.113549.1.7.3";

    /// <summary>id-RSAES-OAEP (RFC 8017 appendix A.2.1).</summary>
    public const string RsaesOaep = "1.2.840.113549.1.1.7";

    /// <summary>id-mgf1 (RFC 8017 appendix A.2.1).</summary>
    public const string Mgf1 = "1.2.840.113549.1.1.8";

    /// <summary>id-pSpecified (RFC 8017 appendix A.2.1).</summary>
    public const string PSpecified = "1.2.840.113549.1.1.9";

    /// <summary>id-sha256 (RFC 5754 section 2.2).</summary>
    public const string Sha256 = "2.16.840.1.101.3.4.2.1";

    /// <summary>id-aes256-CBC (RFC 3565 section 4.1).</summary>
    public const string Aes256Cbc = "2.16.840.1.101.3.4.1.42";
}
