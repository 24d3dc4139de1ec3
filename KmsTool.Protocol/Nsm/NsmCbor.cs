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

/// <summary>
/// Walks the members of a CBOR map, each name at most once. The name is compared as text, so that two encodings of one
/// name count as a duplicate.
/// </summary>
internal struct NsmMembers
{
    private readonly StrictCborReader _reader;
    private readonly HashSet<string> _seen = [];

    public NsmMembers(StrictCborReader reader)
    {
        _reader = reader;
        _reader.ReadStartMap();
    }

    public string Name { get; private set; } = "";

    /// <summary>Reads the next member's name; its value is the caller's to read. False when the map has ended.</summary>
    public bool MoveNext()
    {
        if (_reader.TryReadEndMap())
        {
            return false;
        }
        Name = _reader.ReadText(NsmLimits.MaxNameLength);
        return _seen.Add(Name) ? true : throw new CborContentException("a member appears twice");
    }

    public static CborContentException Unknown() => new("unknown member");

    public static CborContentException Missing(string name) => new($"member {name} is missing");
}
