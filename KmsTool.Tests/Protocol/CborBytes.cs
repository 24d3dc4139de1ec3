using System.Formats.Cbor;
using System.Text;

namespace KmsTool.Tests.Protocol;

/// <summary>Pieces of CBOR to put together by hand, so that a test can break one thing at a time.</summary>
internal static class CborBytes
{
    public static readonly byte[] Null = [0xF6];

    public static byte[] Text(string text) => [.. Head(3, (ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    public static byte[] Bytes(params byte[] bytes) => [.. Head(2, (ulong)bytes.Length), .. bytes];

    public static byte[] Number(ulong value) => Head(0, value);

    /// <summary>A map of <paramref name="items"/>, keys and values in turn.</summary>
    public static byte[] Map(params byte[][] items) => [.. Head(5, (ulong)items.Length / 2), .. Join(items)];

    public static byte[] IndefiniteMap(params byte[][] items) => [0xBF, .. Join(items), 0xFF];

    public static byte[] List(params byte[][] items) => [.. Head(4, (ulong)items.Length), .. Join(items)];

    public static byte[] IndefiniteList(params byte[][] items) => [0x9F, .. Join(items), 0xFF];

    /// <summary>One byte string in two chunks of indefinite length.</summary>
    public static byte[] ChunkedBytes(params byte[] bytes) => [0x5F, .. Bytes(bytes[..1]), .. Bytes(bytes[1..]), 0xFF];

    /// <summary>The same text with its length in two bytes where one does (RFC 8949 section 4.2.1 prefers the shortest).</summary>
    public static byte[] LongText(string text) => [0x79, 0, (byte)text.Length, .. Encoding.UTF8.GetBytes(text)];

    public static byte[] Join(params byte[][] items) => [.. items.SelectMany(item => item)];

    private static byte[] Head(int majorType, ulong value)
    {
        var writer = new CborWriter(CborConformanceMode.Lax);
        writer.WriteUInt64(value);
        byte[] head = writer.Encode();
        head[0] |= (byte)(majorType << 5);
        return head;
    }
}
