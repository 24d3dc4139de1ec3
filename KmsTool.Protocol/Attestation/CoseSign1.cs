using System.Formats.Cbor;
using System.Security.Cryptography;
using KmsTool.Protocol.Cbor;

namespace KmsTool.Protocol.Attestation;

/// <summary>
/// A COSE_Sign1 structure (RFC 9052 section 4.2) as NSM devices make it: nothing but the algorithm in the protected header,
/// nothing in the unprotected one, payload attached.
/// </summary>
internal sealed class CoseSign1
{
    /// <summary>r and s of ECDSA over P-384, 48 bytes each (RFC 9053 section 2.1).</summary>
    public const int SignatureLength = 96;

    /// <summary>The tag of COSE_Sign1 (RFC 9052 section 2).</summary>
    private const CborTag Tag = (CborTag)18;

    /// <summary>The map {1: -35}: algorithm ES384. Devices write it in this one way.</summary>
    private static readonly byte[] Es384Header = [0xA1, 0x01, 0x38, 0x22];

    private CoseSign1(ReadOnlyMemory<byte> protectedHeader, ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> signature)
    {
        ProtectedHeader = protectedHeader;
        Payload = payload;
        Signature = signature;
    }

    /// <summary>The encoded map that names the algorithm.</summary>
    public ReadOnlyMemory<byte> ProtectedHeader { get; }

    /// <summary>Whether the protected header names ES384, and nothing else.</summary>
    public bool IsEs384 => ProtectedHeader.Span.SequenceEqual(Es384Header);

    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>r‖s, 96 bytes, of a structure that <see cref="Parse"/> has read.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The bytes that the signature is over: the Sig_structure of RFC 9052 section 4.4, without external data.</summary>
    public byte[] ToBeSigned => EncodeToBeSigned(ProtectedHeader.Span, Payload.Span);

    /// <summary>
    /// Reads the structure, tagged or not, with what a signature by ES384 needs: its algorithm and its length. Payload and
    /// signature are slices of <paramref name="encoded"/>.
    /// </summary>
    /// <exception cref="AttestationRejectedException">It is not one.</exception>
    public static CoseSign1 Parse(ReadOnlyMemory<byte> encoded)
    {
        CoseSign1 cose = ParseAnyAlgorithm(encoded);
        if (!cose.IsEs384)
        {
            throw Broken(AttestationFailure.CoseProtectedHeader, "the protected header is not {1: -35}, ES384");
        }
        if (cose.Signature.Length != SignatureLength)
        {
            throw Broken(AttestationFailure.CoseSignatureLength, $"the signature has {cose.Signature.Length} bytes, not {SignatureLength}");
        }
        return cose;
    }

    /// <summary>Reads the structure without a check of its algorithm or of the length of its signature, which the caller makes.</summary>
    /// <exception cref="AttestationRejectedException">It is not one.</exception>
    public static CoseSign1 ParseAnyAlgorithm(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            return ReadArray(new StrictCborReader(encoded));
        }
        catch (CborContentException exception)
        {
            throw Broken(AttestationFailure.CoseMalformed, $"not a COSE_Sign1 structure: {exception.Message}", exception);
        }
    }

    /// <summary>Signs <paramref name="payload"/> with a P-384 key.</summary>
    public static byte[] Sign(ReadOnlyMemory<byte> payload, ECDsa key, bool tagged)
    {
        byte[] signature = key.SignData(EncodeToBeSigned(Es384Header, payload.Span), HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        var writer = new CborWriter(CborConformanceMode.Strict);
        if (tagged)
        {
            writer.WriteTag(Tag);
        }
        writer.WriteStartArray(4);
        writer.WriteByteString(Es384Header);
        writer.WriteStartMap(0);
        writer.WriteEndMap();
        writer.WriteByteString(payload.Span);
        writer.WriteByteString(signature);
        writer.WriteEndArray();
        return writer.Encode();
    }

    private static CoseSign1 ReadArray(StrictCborReader reader)
    {
        reader.TryReadTag(Tag);
        int length = reader.ReadStartFixedArray();
        if (length != 4)
        {
            throw new CborContentException($"the array has {length} items, not 4");
        }
        ReadOnlyMemory<byte> protectedHeader = reader.ReadBytes();
        if (reader.ReadStartFixedMap() != 0)
        {
            throw Broken(AttestationFailure.CoseUnprotectedHeader, "the unprotected header is not empty");
        }
        reader.TryReadEndMap();
        ReadOnlyMemory<byte> payload = reader.ReadBytes();
        ReadOnlyMemory<byte> signature = reader.ReadBytes();
        reader.TryReadEndArray();
        reader.ThrowIfNotAtEnd();
        return new CoseSign1(protectedHeader, payload, signature);
    }

    private static byte[] EncodeToBeSigned(ReadOnlySpan<byte> protectedHeader, ReadOnlySpan<byte> payload)
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        writer.WriteStartArray(4);
        writer.WriteTextString("Signature1");
        writer.WriteByteString(protectedHeader);
        writer.WriteByteString([]);
        writer.WriteByteString(payload);
        writer.WriteEndArray();
        return writer.Encode();
    }

    private static AttestationRejectedException Broken(AttestationFailure failure, string reason, Exception? inner = null) => new(failure, reason, inner);
}
