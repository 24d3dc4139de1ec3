using System.Formats.Cbor;
using KmsTool.Protocol.Cbor;
using KmsTool.Protocol.Nsm;

namespace KmsTool.Protocol.Attestation;

/// <summary>
/// Reads the payload of an attestation document. AWS specifies the map as closed, so an unknown member is refused: what
/// is signed and not understood must not be taken for checked.
/// </summary>
internal static class AttestationPayload
{
    private const int MaxCertificateLength = 1024;
    private const int MaxFieldLength = 1024;

    public static AttestationDocument Read(ReadOnlyMemory<byte> payload)
    {
        try
        {
            var reader = new StrictCborReader(payload);
            AttestationDocument document = ReadMap(reader);
            reader.ThrowIfNotAtEnd();
            return document;
        }
        catch (CborContentException exception)
        {
            throw Broken(AttestationFailure.PayloadMalformed, $"the payload is malformed: {exception.Message}", exception);
        }
    }

    private static AttestationDocument ReadMap(StrictCborReader reader)
    {
        string? moduleId = null, digest = null;
        DateTimeOffset? timestamp = null;
        Dictionary<int, ReadOnlyMemory<byte>>? pcrs = null;
        ReadOnlyMemory<byte>? certificate = null, publicKey = null, userData = null, nonce = null;
        List<ReadOnlyMemory<byte>>? caBundle = null;
        var seen = new HashSet<string>();

        reader.ReadStartMap();
        while (!reader.TryReadEndMap())
        {
            string name = reader.ReadText(NsmLimits.MaxNameLength);
            if (!seen.Add(name))
            {
                throw Broken(AttestationFailure.PayloadDuplicateKey, $"the payload has {name} twice");
            }
            switch (name)
            {
                case "module_id":
                    moduleId = ReadModuleId(reader);
                    break;
                case "digest":
                    digest = ReadDigest(reader);
                    break;
                case "timestamp":
                    timestamp = ReadTimestamp(reader);
                    break;
                case "pcrs":
                    pcrs = ReadPcrs(reader);
                    break;
                case "certificate":
                    certificate = ReadCertificate(reader, AttestationFailure.CertificateLength, "certificate");
                    break;
                case "cabundle":
                    caBundle = ReadCaBundle(reader);
                    break;
                case "public_key":
                    publicKey = ReadOptional(reader, AttestationFailure.PublicKeyLength, "public_key");
                    break;
                case "user_data":
                    userData = ReadOptional(reader, AttestationFailure.UserDataLength, "user_data");
                    break;
                case "nonce":
                    nonce = ReadOptional(reader, AttestationFailure.NonceLength, "nonce");
                    break;
                default:
                    throw Broken(AttestationFailure.PayloadUnknownMember, "the payload has an unknown member");
            }
        }
        return new AttestationDocument
        {
            ModuleId = moduleId ?? throw Missing("module_id"),
            Digest = digest ?? throw Missing("digest"),
            Timestamp = timestamp ?? throw Missing("timestamp"),
            Pcrs = pcrs ?? throw Missing("pcrs"),
            Certificate = certificate ?? throw Missing("certificate"),
            CaBundle = caBundle ?? throw Missing("cabundle"),
            PublicKey = publicKey,
            UserData = userData,
            Nonce = nonce,
        };
    }

    private static string ReadModuleId(StrictCborReader reader)
    {
        string moduleId = reader.ReadText(AttestationVerifier.MaxDocumentLength);
        return moduleId.Length is > 0 and <= NsmLimits.MaxModuleIdLength
            ? moduleId
            : throw Broken(AttestationFailure.ModuleId, $"module_id has {moduleId.Length} characters, not 1 to {NsmLimits.MaxModuleIdLength}");
    }

    private static string ReadDigest(StrictCborReader reader)
    {
        string digest = reader.ReadText(AttestationVerifier.MaxDocumentLength);
        return digest == AttestationDocument.Sha384
            ? digest
            : throw Broken(AttestationFailure.Digest, $"digest is not {AttestationDocument.Sha384}");
    }

    private static DateTimeOffset ReadTimestamp(StrictCborReader reader)
    {
        ulong milliseconds = reader.ReadUnsigned();
        return milliseconds > 0 && milliseconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds)
            : throw Broken(AttestationFailure.Timestamp, $"timestamp {milliseconds} is not a time");
    }

    private static Dictionary<int, ReadOnlyMemory<byte>> ReadPcrs(StrictCborReader reader)
    {
        var pcrs = new Dictionary<int, ReadOnlyMemory<byte>>();
        reader.ReadStartMap();
        while (!reader.TryReadEndMap())
        {
            ulong index = reader.ReadUnsigned();
            if (index >= NsmLimits.PcrCount)
            {
                throw Broken(AttestationFailure.Pcrs, $"PCR index {index} is not below {NsmLimits.PcrCount}");
            }
            ReadOnlyMemory<byte> value = reader.ReadBytes();
            if (value.Length is not (32 or 48 or 64))
            {
                throw Broken(AttestationFailure.Pcrs, $"PCR{index} has {value.Length} bytes, not 32, 48 or 64");
            }
            if (!pcrs.TryAdd((int)index, value))
            {
                throw Broken(AttestationFailure.PayloadDuplicateKey, $"PCR{index} appears twice");
            }
        }
        return pcrs.Count > 0 ? pcrs : throw Broken(AttestationFailure.Pcrs, "there are no PCRs");
    }

    private static List<ReadOnlyMemory<byte>> ReadCaBundle(StrictCborReader reader)
    {
        var certificates = new List<ReadOnlyMemory<byte>>();
        reader.ReadStartArray();
        while (!reader.TryReadEndArray())
        {
            if (certificates.Count == AttestationVerifier.MaxCaBundleCount)
            {
                throw Broken(AttestationFailure.CaBundle, $"cabundle has more than {AttestationVerifier.MaxCaBundleCount} certificates");
            }
            certificates.Add(ReadCertificate(reader, AttestationFailure.CaBundle, $"cabundle[{certificates.Count}]"));
        }
        return certificates.Count > 0 ? certificates : throw Broken(AttestationFailure.CaBundle, "cabundle is empty");
    }

    private static ReadOnlyMemory<byte> ReadCertificate(StrictCborReader reader, AttestationFailure failure, string name)
    {
        ReadOnlyMemory<byte> certificate = reader.ReadBytes();
        return certificate.Length is > 0 and <= MaxCertificateLength
            ? certificate
            : throw Broken(failure, $"{name} has {certificate.Length} bytes, not 1 to {MaxCertificateLength}");
    }

    // AWS's text gives public_key at least one byte, its CDDL none; documents with an empty one that AWS signed exist.
    private static ReadOnlyMemory<byte>? ReadOptional(StrictCborReader reader, AttestationFailure failure, string name)
    {
        ReadOnlyMemory<byte>? value = reader.ReadBytesOrNull();
        return value is not { Length: > MaxFieldLength } bytes
            ? value
            : throw Broken(failure, $"{name} has {bytes.Length} bytes, not 0 to {MaxFieldLength}");
    }

    private static AttestationRejectedException Missing(string name) => Broken(AttestationFailure.PayloadMissingMember, $"the payload lacks {name}");

    private static AttestationRejectedException Broken(AttestationFailure failure, string reason, Exception? inner = null) => new(failure, reason, inner);
}
