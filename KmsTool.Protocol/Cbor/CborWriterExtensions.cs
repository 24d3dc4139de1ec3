using System.Formats.Cbor;

namespace KmsTool.Protocol.Cbor;

/// <summary>What the NSM protocol and the attestation document write alike.</summary>
internal static class CborWriterExtensions
{
    /// <summary>Writes a map member that is a byte string, or null where there is none.</summary>
    public static void WriteBytesOrNull(this CborWriter writer, string name, ReadOnlyMemory<byte>? value)
    {
        writer.WriteTextString(name);
        if (value is { } bytes)
        {
            writer.WriteByteString(bytes.Span);
        }
        else
        {
            writer.WriteNull();
        }
    }
}
