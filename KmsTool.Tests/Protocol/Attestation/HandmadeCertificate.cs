using System.Formats.Asn1;

namespace KmsTool.Tests.Protocol.Attestation;

/// <summary>A certificate written field by field, with an empty signature. The defaults are those of a good authority.</summary>
internal sealed record HandmadeCertificate
{
    private const string EcdsaWithSha384 = "1.2.840.10045.4.3.3";

    public int Version { get; init; } = 2;

    public string InnerAlgorithm { get; init; } = EcdsaWithSha384;

    public string OuterAlgorithm { get; init; } = EcdsaWithSha384;

    public bool Fraction { get; init; }

    public byte[] Point { get; init; } = [0x04, .. new byte[96]];

    public bool UniqueIdentifier { get; init; }

    /// <summary>Writes the criticality of an extension that is not critical, against DER.</summary>
    public bool SpellOutDefaults { get; init; }

    public (string Oid, bool IsCritical, byte[] Value)[] Extensions { get; init; } =
    [
        ("2.5.29.19", true, [0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0x03]),
        ("2.5.29.15", true, [0x03, 0x02, 0x02, 0x84]),
        ("2.5.29.14", false, [0x04, 0x01, 0x01]),
    ];

    public byte[] Encode()
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        using (writer.PushSequence())
        {
            WriteBody(writer);
            WriteAlgorithm(writer, OuterAlgorithm);
            writer.WriteBitString([0x30, 0x00]);
        }
        return writer.Encode();
    }

    private void WriteBody(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence(Context(0)))
            {
                writer.WriteInteger(Version);
            }
            writer.WriteInteger(1);
            WriteAlgorithm(writer, InnerAlgorithm);
            WriteEmptyName(writer);
            using (writer.PushSequence())
            {
                writer.WriteUtcTime(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
                writer.WriteGeneralizedTime(new DateTimeOffset(2056, 1, 1, 0, 0, 0, Fraction ? 500 : 0, TimeSpan.Zero));
            }
            WriteEmptyName(writer);
            WriteKey(writer);
            if (UniqueIdentifier)
            {
                writer.WriteBitString([1], 0, Context(1));
            }
            WriteExtensions(writer);
        }
    }

    private void WriteKey(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier("1.2.840.10045.2.1");
                writer.WriteObjectIdentifier("1.3.132.0.34");
            }
            writer.WriteBitString(Point);
        }
    }

    private void WriteExtensions(AsnWriter writer)
    {
        if (Extensions.Length == 0)
        {
            return;
        }
        using (writer.PushSequence(Context(3)))
        using (writer.PushSequence())
        {
            foreach ((string oid, bool isCritical, byte[] value) in Extensions)
            {
                using (writer.PushSequence())
                {
                    writer.WriteObjectIdentifier(oid);
                    if (isCritical || SpellOutDefaults)
                    {
                        writer.WriteBoolean(isCritical);
                    }
                    writer.WriteOctetString(value);
                }
            }
        }
    }

    private static void WriteAlgorithm(AsnWriter writer, string oid)
    {
        using (writer.PushSequence())
        {
            writer.WriteObjectIdentifier(oid);
        }
    }

    private static void WriteEmptyName(AsnWriter writer)
    {
        using (writer.PushSequence())
        {
        }
    }

    private static Asn1Tag Context(int number) => new(TagClass.ContextSpecific, number);
}
