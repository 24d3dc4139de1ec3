using System.Formats.Cbor;
using KmsTool.Protocol.Cbor;

namespace KmsTool.Protocol.Nsm;

/// <summary>The CBOR form of <see cref="NsmRequest"/>.</summary>
internal static class NsmRequestCodec
{
    public static void Write(CborWriter writer, NsmRequest request)
    {
        switch (request)
        {
            case NsmRequest.DescribeNsm:
                writer.WriteTextString("DescribeNSM");
                break;
            case NsmRequest.GetRandom:
                writer.WriteTextString("GetRandom");
                break;
            case NsmRequest.DescribePcr describe:
                WriteNumber(writer, "DescribePCR", "index", describe.Index);
                break;
            case NsmRequest.LockPcr lockPcr:
                WriteNumber(writer, "LockPCR", "index", lockPcr.Index);
                break;
            case NsmRequest.LockPcrs lockPcrs:
                WriteNumber(writer, "LockPCRs", "range", lockPcrs.Range);
                break;
            case NsmRequest.ExtendPcr extend:
                writer.WriteStartVariant("ExtendPCR", 2);
                writer.WriteTextString("index");
                writer.WriteUInt32(extend.Index);
                writer.WriteTextString("data");
                writer.WriteByteString(extend.Data.Span);
                writer.WriteEndVariant();
                break;
            case NsmRequest.Attestation attestation:
                writer.WriteStartVariant("Attestation", 3);
                writer.WriteBytesOrNull("user_data", attestation.UserData);
                writer.WriteBytesOrNull("nonce", attestation.Nonce);
                writer.WriteBytesOrNull("public_key", attestation.PublicKey);
                writer.WriteEndVariant();
                break;
            default:
                throw new ArgumentException("unknown NSM request", nameof(request));
        }
    }

    public static NsmRequest Read(ReadOnlyMemory<byte> encoded)
    {
        try
        {
            var reader = new StrictCborReader(encoded);
            NsmRequest request = reader.IsTextNext ? ReadUnit(reader) : ReadVariant(reader);
            reader.ThrowIfNotAtEnd();
            return request;
        }
        catch (CborContentException exception)
        {
            throw new NsmException(NsmErrorCode.InvalidArgument, $"NSM request: {exception.Message}", exception);
        }
    }

    private static NsmRequest ReadUnit(StrictCborReader reader) => reader.ReadText(NsmLimits.MaxNameLength) switch
    {
        "DescribeNSM" => new NsmRequest.DescribeNsm(),
        "GetRandom" => new NsmRequest.GetRandom(),
        _ => throw UnknownOperation(),
    };

    private static NsmRequest ReadVariant(StrictCborReader reader)
    {
        reader.ReadStartMap();
        NsmRequest request = reader.ReadText(NsmLimits.MaxNameLength) switch
        {
            "DescribePCR" => new NsmRequest.DescribePcr(ReadNumber(reader, "index")),
            "LockPCR" => new NsmRequest.LockPcr(ReadNumber(reader, "index")),
            "LockPCRs" => new NsmRequest.LockPcrs(ReadNumber(reader, "range")),
            "ExtendPCR" => ReadExtendPcr(reader),
            "Attestation" => ReadAttestation(reader),
            _ => throw UnknownOperation(),
        };
        reader.ReadEndVariant();
        return request;
    }

    private static ushort ReadNumber(StrictCborReader reader, string name)
    {
        var members = new NsmMembers(reader);
        ushort? number = null;
        while (members.MoveNext())
        {
            number = members.Name == name ? reader.ReadUInt16() : throw NsmMembers.Unknown();
        }
        return number ?? throw NsmMembers.Missing(name);
    }

    private static NsmRequest.ExtendPcr ReadExtendPcr(StrictCborReader reader)
    {
        var members = new NsmMembers(reader);
        ushort? index = null;
        ReadOnlyMemory<byte>? data = null;
        while (members.MoveNext())
        {
            switch (members.Name)
            {
                case "index":
                    index = reader.ReadUInt16();
                    break;
                case "data":
                    data = reader.ReadBytes();
                    break;
                default:
                    throw NsmMembers.Unknown();
            }
        }
        return new(index ?? throw NsmMembers.Missing("index"), data ?? throw NsmMembers.Missing("data"));
    }

    private static NsmRequest.Attestation ReadAttestation(StrictCborReader reader)
    {
        var members = new NsmMembers(reader);
        ReadOnlyMemory<byte>? userData = null, nonce = null, publicKey = null;
        while (members.MoveNext())
        {
            switch (members.Name)
            {
                case "user_data":
                    userData = reader.ReadBytesOrNull();
                    break;
                case "nonce":
                    nonce = reader.ReadBytesOrNull();
                    break;
                case "public_key":
                    publicKey = reader.ReadBytesOrNull();
                    break;
                default:
                    throw NsmMembers.Unknown();
            }
        }
        return new(userData, nonce, publicKey);
    }

    private static void WriteNumber(CborWriter writer, string operation, string name, ushort value)
    {
        writer.WriteStartVariant(operation, 1);
        writer.WriteTextString(name);
        writer.WriteUInt32(value);
        writer.WriteEndVariant();
    }

    private static NsmException UnknownOperation() => new(NsmErrorCode.InvalidOperation, "NSM request: unknown operation");
}
