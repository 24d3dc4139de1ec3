using System.Formats.Cbor;
using System.Security.Cryptography;
using KmsTool.Protocol.Cbor;

namespace KmsTool.Protocol.Attestation;

/// <summary>
/// A COSE_Sign1 structure (RFC 9052 section 4.2) as NSM devices make it: ES384 in the protected header, nothing in the
/// unprotected one, payload attached.
/// </summary>
internal sealed class CoseSign1
{
    /// <summary>r and s of ECDSA over P-384, 48 bytes each (RFC 9053 section 2.1).</summary>
    public const int SignatureLength = 96;

    /// <summary>The tag of COSE_Sign1 (RFC 9052 section 2).</summary>
    private const CborTag Tag = (CborTag)18;

    /// <summary>The map {1: -35}: algorithm ES384. Devices write it in this one way.</summary>
    private static readonly byte[] ProtectedHeader = [0xA1, 0x01, 0x38, 0x22];

    private CoseSign1(ReadOnlyMemory<byte> payload, ReadOnlyMemory<byte> signature)
    {
        Payload = payload;
        Signature = signature;
    }

    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>r‖s, 96 bytes.</summary>
    public ReadOnlyMemory<byte> Signature { get; }

    /// <summary>The bytes that the signature is over: the Sig_structure of RFC 9052 section 4.4, without external data.</summary>
    public byte[] ToBeSigned => EncodeToBeSigned(Payload);

    /// <summary>Reads the structure, tagged or not; payload and signature are slices of <paramref name="encoded"/>.</summary>
    /// <exception cref="AttestationRejectedException">It is not one.</exception>
    public static CoseSign1 Parse(ReadOnlyMemory<byte> encoded)
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
        byte[] signature = key.SignData(EncodeToBeSigned(payload), HashAlgorithmName.SHA384, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        var writer = new CborWriter(CborConformanceMode.Strict);
        if (tagged)
        {
            writer.WriteTag(Tag);
        }
        writer.WriteStartArray(4);
        writer.WriteByteString(ProtectedHeader);
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
        if (!reader.ReadBytes().Span.SequenceEqual(ProtectedHeader))
        {
            throw Broken(AttestationFailure.CoseProtectedHeader, "the protected header is not {1: -35}, ES384");
        }
        if (reader.ReadStartFixedMap() != 0)
        {
            throw Broken(AttestationFailure.CoseUnprotectedHeader, "the unprotected header is not empty");
        }
        reader.TryReadEndMap();
        ReadOnlyMemory<byte> payload = reader.ReadBytes();
        ReadOnlyMemory<byte> signature = reader.ReadBytes();
        if (signature.Length != SignatureLength)
        {
            throw Broken(AttestationFailure.CoseSignatureLength, $"the signature has {signature.Length} bytes, not {SignatureLength}");
        }
        reader.TryReadEndArray();
        reader.ThrowIfNotAtEnd();
        return new CoseSign1(payload, signature);
    }

    private static byte[] EncodeToBeSigned(ReadOnlyMemory<byte> payload)
    {
        var writer = new CborWriter(CborConformanceMode.Strict);
        writer.WriteStartArray(4);
        writer.WriteTextString("Signature1");
        writer.WriteByteString(ProtectedHeader);
        writer.WriteByteString([]);
        writer.WriteByteString(payload.Span);
        writer.WriteEndArray();
        return writer.Encode();
    }

    private static AttestationRejectedException Broken(AttestationFailure failure, string reason, Exception? inner = null) => new(failure, reason, inner);
}
