using System.Formats.Asn1;

namespace KmsTool.Tests.Protocol.Recipient;

/// <summary>Pieces of BER (X.690) to put together by hand, with definite or indefinite lengths.</summary>
internal static class Ber
{
    public const byte Sequence = 0x30;
    public const byte Set = 0x31;
    public const byte OctetString = 0x04;

    public static readonly byte[] Null = [0x05, 0x00];

    public static byte[] Primitive(byte tag, params byte[] content) => [tag, .. Length(content.Length), .. content];

    public static byte[] Constructed(byte tag, params byte[][] items) => Primitive(tag, [.. items.SelectMany(item => item)]);

    public static byte[] Indefinite(byte tag, params byte[][] items) => [tag, 0x80, .. items.SelectMany(item => item), 0x00, 0x00];

    public static byte[] Octets(params byte[] content) => Primitive(OctetString, content);

    public static byte[] Integer(byte value) => [0x02, 0x01, value];

    public static byte[] Oid(string oid)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteObjectIdentifier(oid);
        return writer.Encode();
    }

    private static byte[] Length(int length) => length switch
    {
        < 0x80 => [(byte)length],
        < 0x100 => [0x81, (byte)length],
        _ => [0x82, (byte)(length >> 8), (byte)length],
    };
}
