using System.Formats.Cbor;
using KmsTool.Protocol.Cbor;

namespace KmsTool.Protocol.Nsm;

/// <summary>The outer map of one, from a variant's name to its members, that serde writes for a Rust enum with content.</summary>
internal static class NsmVariant
{
    public static void WriteStartVariant(this CborWriter writer, string name, int members)
    {
        writer.WriteStartMap(1);
        writer.WriteTextString(name);
        writer.WriteStartMap(members);
    }

    public static void WriteEndVariant(this CborWriter writer)
    {
        writer.WriteEndMap();
        writer.WriteEndMap();
    }

    public static void ReadEndVariant(this StrictCborReader reader)
    {
        if (!reader.TryReadEndMap())
        {
            throw new CborContentException("more than one operation");
        }
    }
}
