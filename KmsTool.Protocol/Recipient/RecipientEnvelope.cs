using System.Formats.Asn1;
using System.Security.Cryptography;

namespace KmsTool.Protocol.Recipient;

/// <summary>
/// Makes CiphertextForRecipient the way KMS does, for stand-ins of it: indefinite lengths (X.690 section 8.1.3.6) from
/// ContentInfo down to the content, definite ones below.
/// </summary>
internal static class RecipientEnvelope
{
    private const byte Sequence = 0x30;
    private const byte Context0Constructed = 0xA0;
    private const byte IndefiniteLength = 0x80;

    /// <summary>Encrypts <paramref name="plaintext"/> to an RSA key of at least 2048 bits.</summary>
    /// <exception cref="ArgumentException"><paramref name="subjectPublicKeyInfo"/> is not such a key.</exception>
    public static byte[] Seal(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> subjectPublicKeyInfo, RecipientEnvelopeShape shape = default)
    {
        using RSA recipient = ImportKey(subjectPublicKeyInfo);
        return Seal(plaintext, recipient, subjectPublicKeyInfo, shape);
    }

    /// <summary>
    /// Encrypts to a key that has been imported before, which takes five times as long as the rest.
    /// </summary>
    public static byte[] Seal(
        ReadOnlySpan<byte> plaintext, RSA recipient, ReadOnlySpan<byte> subjectPublicKeyInfo, RecipientEnvelopeShape shape = default)
    {
        using var aes = Aes.Create();
        aes.KeySize = 256;
        byte[] key = aes.Key;
        byte[] encryptedKey;
        try
        {
            encryptedKey = recipient.Encrypt(key, RSAEncryptionPadding.OaepSHA256);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
        byte[] ciphertext = aes.EncryptCbc(plaintext, aes.IV);

        var envelope = new MemoryStream();
        OpenIndefinite(envelope, Sequence);
        WriteDer(envelope, writer => writer.WriteObjectIdentifier(EnvelopeOids.EnvelopedData));
        OpenIndefinite(envelope, Context0Constructed);
        OpenIndefinite(envelope, Sequence);
        WriteDer(envelope, writer => writer.WriteInteger(2));
        // What KMS's identifiers were seen to be; it documents only that there is one.
        byte[] keyIdentifier = SHA256.HashData(subjectPublicKeyInfo);
        WriteDer(envelope, writer => WriteRecipients(writer, keyIdentifier, encryptedKey));
        OpenIndefinite(envelope, Sequence);
        WriteDer(envelope, writer => writer.WriteObjectIdentifier(EnvelopeOids.Data));
        WriteDer(envelope, writer => WriteContentEncryption(writer, aes.IV));
        WriteContent(envelope, ciphertext, shape);
        for (int i = 0; i < 4; i++)
        {
            Close(envelope);
        }
        return envelope.ToArray();
    }

    /// <summary>Imports an RSA key of at least 2048 bits.</summary>
    /// <exception cref="ArgumentException"><paramref name="subjectPublicKeyInfo"/> is not such a key.</exception>
    public static RSA ImportKey(ReadOnlySpan<byte> subjectPublicKeyInfo)
    {
        var key = RSA.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out int read);
            if (read == subjectPublicKeyInfo.Length && key.KeySize >= 2048)
            {
                return key;
            }
        }
        catch (CryptographicException)
        {
            // Refused below, in the same words as any other unusable key.
        }
        key.Dispose();
        throw new ArgumentException("not an RSA public key of at least 2048 bits", nameof(subjectPublicKeyInfo));
    }

    private static void WriteRecipients(AsnWriter writer, byte[] keyIdentifier, byte[] encryptedKey)
    {
        using (writer.PushSetOf())
        using (writer.PushSequence())
        {
            writer.WriteInteger(2);
            writer.WriteOctetString(keyIdentifier, new Asn1Tag(TagClass.ContextSpecific, 0));
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(EnvelopeOids.RsaesOaep);
                using (writer.PushSequence())
                {
                    using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
                    {
                        WriteSha256(writer);
                    }
                    using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 1)))
                    using (writer.PushSequence())
                    {
                        writer.WriteObjectIdentifier(EnvelopeOids.Mgf1);
                        WriteSha256(writer);
                    }
                }
            }
            writer.WriteOctetString(encryptedKey);
        }
    }

    private static void WriteSha256(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(EnvelopeOids.Sha256);
            writer.WriteNull();
        }
    }

    private static void WriteContentEncryption(AsnWriter writer, byte[] initializationVector)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(EnvelopeOids.Aes256Cbc);
            writer.WriteOctetString(initializationVector);
        }
    }

    private static void WriteContent(MemoryStream envelope, byte[] ciphertext, RecipientEnvelopeShape shape)
    {
        if (shape.IsPrimitive)
        {
            WriteDer(envelope, writer => writer.WriteOctetString(ciphertext, new Asn1Tag(TagClass.ContextSpecific, 0)));
            return;
        }
        OpenIndefinite(envelope, Context0Constructed);
        for (int i = 0; i < shape.Chunks; i++)
        {
            int start = ciphertext.Length * i / shape.Chunks;
            int end = ciphertext.Length * (i + 1) / shape.Chunks;
            WriteDer(envelope, writer => writer.WriteOctetString(ciphertext.AsSpan(start, end - start)));
        }
        Close(envelope);
    }

    private static void WriteDer(MemoryStream envelope, Action<AsnWriter> write)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        write(writer);
        envelope.Write(writer.Encode());
    }

    private static void OpenIndefinite(MemoryStream envelope, byte tag) => envelope.Write([tag, IndefiniteLength]);

    /// <summary>End-of-contents.</summary>
    private static void Close(MemoryStream envelope) => envelope.Write([0x00, 0x00]);
}

/// <summary>
/// The forms in which KMS encodes the encrypted content of an envelope. The default is what it sends for short
/// plaintexts: [0] constructed of one OCTET STRING.
/// </summary>
internal readonly record struct RecipientEnvelopeShape
{
    /// <summary>So that no chunk is empty: the shortest ciphertext has 16 bytes.</summary>
    private const int MaxChunks = 16;

    private readonly int _furtherChunks;

    private RecipientEnvelopeShape(bool isPrimitive, int furtherChunks)
    {
        IsPrimitive = isPrimitive;
        _furtherChunks = furtherChunks;
    }

    /// <summary>[0] primitive, all content in one.</summary>
    public static RecipientEnvelopeShape Primitive => new(isPrimitive: true, furtherChunks: 0);

    public bool IsPrimitive { get; }

    /// <summary>The number of OCTET STRINGs in [0] constructed.</summary>
    public int Chunks => 1 + _furtherChunks;

    /// <summary>[0] constructed of <paramref name="chunks"/> OCTET STRINGs, 1 to 16.</summary>
    public static RecipientEnvelopeShape Constructed(int chunks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chunks, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunks, MaxChunks);
        return new(isPrimitive: false, chunks - 1);
    }
}
