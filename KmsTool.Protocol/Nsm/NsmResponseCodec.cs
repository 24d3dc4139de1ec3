using System.Formats.Cbor;
using KmsTool.Protocol.Cbor;

namespace KmsTool.Protocol.Nsm;

/// <summary>The CBOR form of <see cref="NsmResponse"/>.</summary>
internal static class NsmResponseCodec
{
    public static void Write(CborWriter writer, NsmResponse response)
    {
        switch (response)
        {
            case NsmResponse.LockPcr:
                writer.WriteTextString("LockPCR");
                break;
            case NsmResponse.LockPcrs:
                writer.WriteTextString("LockPCRs");
                break;
            case NsmResponse.DescribeNsm description:
                WriteDescription(writer, description);
                break;
            case NsmResponse.DescribePcr describe:
                writer.WriteStartVariant("DescribePCR", 2);
                writer.WriteTextString("lock");
                writer.WriteBoolean(describe.Lock);
                writer.WriteTextString("data");
                writer.WriteByteString(describe.Data.Span);
                writer.WriteEndVariant();
                break;
            case NsmResponse.ExtendPcr extend:
                WriteBytes(writer, "ExtendPCR", "data", extend.Data);
                break;
            case NsmResponse.Attestation attestation:
                WriteBytes(writer, "Attestation", "document", attestation.Document);
                break;
            case NsmResponse.GetRandom random:
                WriteBytes(writer, "GetRandom", "random", random.Random);
                break;
            case NsmResponse.Error error:
                writer.WriteStartMap(1);
                writer.WriteTextString("Error");
                writer.WriteTextString(ErrorText(error.Code));
                writer.WriteEndMap();
                break;
            default:
                throw new ArgumentException("unknown NSM response", nameof(response));
        }
    }

    public static NsmResponse Read(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            var reader = new StrictCborReader(encoded);
            NsmResponse response = reader.IsTextNext ? ReadUnit(reader) : ReadVariant(reader);
            reader.ThrowIfNotAtEnd();
            return response;
        }
        catch (CborContentException exception)
        {
            throw new NsmException(NsmErrorCode.InvalidResponse, $"NSM response: {exception.Message}", exception);
        }
    }

    private static NsmResponse ReadUnit(StrictCborReader reader) => reader.ReadText(NsmLimits.MaxNameLength) switch
    {
        "LockPCR" => new NsmResponse.LockPcr(),
        "LockPCRs" => new NsmResponse.LockPcrs(),
        _ => throw new CborContentException("unknown answer"),
    };

    private static NsmResponse ReadVariant(StrictCborReader reader)
    {
        reader.ReadStartMap();
        NsmResponse response = reader.ReadText(NsmLimits.MaxNameLength) switch
        {
            "DescribeNSM" => ReadDescription(reader),
            "DescribePCR" => ReadDescribePcr(reader),
            "ExtendPCR" => new NsmResponse.ExtendPcr(ReadBytes(reader, "data")),
            "Attestation" => new NsmResponse.Attestation(ReadBytes(reader, "document")),
            "GetRandom" => new NsmResponse.GetRandom(ReadBytes(reader, "random")),
            "Error" => new NsmResponse.Error(ParseError(reader.ReadText(NsmLimits.MaxNameLength))),
            _ => throw new CborContentException("unknown answer"),
        };
        reader.ReadEndVariant();
        return response;
    }

    private static ReadOnlyMemory<byte> ReadBytes(StrictCborReader reader, string name)
    {
        var members = new NsmMembers(reader);
        ReadOnlyMemory<byte>? bytes = null;
        while (members.MoveNext())
        {
            bytes = members.Name == name ? reader.ReadBytes() : throw NsmMembers.Unknown();
        }
        return bytes ?? throw NsmMembers.Missing(name);
    }

    private static NsmResponse.DescribePcr ReadDescribePcr(StrictCborReader reader)
    {
        var members = new NsmMembers(reader);
        bool? isLocked = null;
        ReadOnlyMemory<byte>? data = null;
        while (members.MoveNext())
        {
            switch (members.Name)
            {
                case "lock":
                    isLocked = reader.ReadBoolean();
                    break;
                case "data":
                    data = reader.ReadBytes();
                    break;
                default:
                    throw NsmMembers.Unknown();
            }
        }
        return new(isLocked ?? throw NsmMembers.Missing("lock"), data ?? throw NsmMembers.Missing("data"));
    }

    private static NsmResponse.DescribeNsm ReadDescription(StrictCborReader reader)
    {
        var members = new NsmMembers(reader);
        ushort? major = null, minor = null, patch = null, maxPcrs = null;
        string? moduleId = null, digest = null;
        List<ushort>? lockedPcrs = null;
        while (members.MoveNext())
        {
            switch (members.Name)
            {
                case "version_major":
                    major = reader.ReadUInt16();
                    break;
                case "version_minor":
                    minor = reader.ReadUInt16();
                    break;
                case "version_patch":
                    patch = reader.ReadUInt16();
                    break;
                case "module_id":
                    moduleId = reader.ReadText(NsmLimits.MaxModuleIdLength);
                    break;
                case "max_pcrs":
                    maxPcrs = reader.ReadUInt16();
                    break;
                case "locked_pcrs":
                    lockedPcrs = ReadIndices(reader);
                    break;
                case "digest":
                    digest = reader.ReadText(NsmLimits.MaxNameLength);
                    break;
                default:
                    throw NsmMembers.Unknown();
            }
        }
        return new(
            major ?? throw NsmMembers.Missing("version_major"),
            minor ?? throw NsmMembers.Missing("version_minor"),
            patch ?? throw NsmMembers.Missing("version_patch"),
            moduleId ?? throw NsmMembers.Missing("module_id"),
            maxPcrs ?? throw NsmMembers.Missing("max_pcrs"),
            lockedPcrs ?? throw NsmMembers.Missing("locked_pcrs"),
            digest ?? throw NsmMembers.Missing("digest"));
    }

    private static List<ushort> ReadIndices(StrictCborReader reader)
    {
        var indices = new List<ushort>();
        reader.ReadStartArray();
        while (!reader.TryReadEndArray())
        {
            indices.Add(reader.ReadUInt16());
        }
        return indices;
    }

    private static void WriteDescription(CborWriter writer, NsmResponse.DescribeNsm description)
    {
        writer.WriteStartVariant("DescribeNSM", 7);
        writer.WriteTextString("version_major");
        writer.WriteUInt32(description.VersionMajor);
        writer.WriteTextString("version_minor");
        writer.WriteUInt32(description.VersionMinor);
        writer.WriteTextString("version_patch");
        writer.WriteUInt32(description.VersionPatch);
        writer.WriteTextString("module_id");
        writer.WriteTextString(description.ModuleId);
        writer.WriteTextString("max_pcrs");
        writer.WriteUInt32(description.MaxPcrs);
        writer.WriteTextString("locked_pcrs");
        writer.WriteStartArray(description.LockedPcrs.Count);
        foreach (ushort index in description.LockedPcrs)
        {
            writer.WriteUInt32(index);
        }
        writer.WriteEndArray();
        writer.WriteTextString("digest");
        writer.WriteTextString(description.Digest);
        writer.WriteEndVariant();
    }

    private static void WriteBytes(CborWriter writer, string answer, string name, ReadOnlyMemory<byte> value)
    {
        writer.WriteStartVariant(answer, 1);
        writer.WriteTextString(name);
        writer.WriteByteString(value.Span);
        writer.WriteEndVariant();
    }

    private static NsmErrorCode ParseError(string text) => text switch
    {
        "InvalidArgument" => NsmErrorCode.InvalidArgument,
        "InvalidIndex" => NsmErrorCode.InvalidIndex,
        "InvalidResponse" => NsmErrorCode.InvalidResponse,
        "ReadOnlyIndex" => NsmErrorCode.ReadOnlyIndex,
        "InvalidOperation" => NsmErrorCode.InvalidOperation,
        "BufferTooSmall" => NsmErrorCode.BufferTooSmall,
        "InputTooLarge" => NsmErrorCode.InputTooLarge,
        "InternalError" => NsmErrorCode.InternalError,
        _ => throw new CborContentException("unknown error code"),
    };

    private static string ErrorText(NsmErrorCode code) =>
        Enum.IsDefined(code) ? code.ToString() : throw new ArgumentException("unknown NSM error code", nameof(code));
}
