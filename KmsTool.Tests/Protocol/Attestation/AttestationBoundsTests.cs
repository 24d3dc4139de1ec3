using System.Diagnostics;
using KmsTool.Protocol.Attestation;
using static KmsTool.Tests.Protocol.CborBytes;

namespace KmsTool.Tests.Protocol.Attestation;

/// <summary>Documents that nest or claim more than there is: refused with a reason, in little memory and time.</summary>
public sealed class AttestationBoundsTests
{
    private const int Nesting = 12_000;

    private static readonly byte[] Es384 = [0xA1, 0x01, 0x38, 0x22];
    private static readonly byte[] Arrays = [.. Enumerable.Repeat<byte>(0x81, Nesting), 0x80];
    private static readonly byte[] OpenArrays = [.. Enumerable.Repeat<byte>(0x9F, Nesting)];
    private static readonly byte[] Maps = [.. Enumerable.Repeat<byte[]>([0xA1, 0x01], Nesting / 2).SelectMany(map => map), 0xA0];
    private static readonly byte[] Tags = [.. Enumerable.Repeat<byte>(0xD2, Nesting), 0x80];

    /// <summary>Claims of 2³¹ - 1 and 2⁶³ - 1 bytes, items and pairs, in five bytes and nine.</summary>
    private static readonly byte[][] Claims =
    [
        [0x5A, 0x7F, 0xFF, 0xFF, 0xFF, 1], [0x7A, 0x7F, 0xFF, 0xFF, 0xFF, 1], [0x9A, 0x7F, 0xFF, 0xFF, 0xFF, 1], [0xBA, 0x7F, 0xFF, 0xFF, 0xFF, 1],
        [0x5B, 0x7F, .. Ones, 1], [0x7B, 0x7F, .. Ones, 1], [0x9B, 0x7F, .. Ones, 1], [0xBB, 0x7F, .. Ones, 1],
        [0x5B, 0xFF, .. Ones, 1], [0x7B, 0xFF, .. Ones, 1], [0x9B, 0xFF, .. Ones, 1], [0xBB, 0xFF, .. Ones, 1],
    ];

    private static readonly TestChain Chain = TestChain.Create();

    private static byte[] Ones => [.. Enumerable.Repeat<byte>(0xFF, 7)];

    /// <summary>Each in every place where a value is read.</summary>
    private static IEnumerable<byte[]> Hostile => [Arrays, OpenArrays, Maps, Tags, .. Claims];

    [Fact]
    public void Verify_deep_nesting_or_a_great_claim_in_place_of_an_item_is_refused()
    {
        byte[] payload = Chain.Document().EncodePayload();
        foreach (byte[] value in Hostile)
        {
            AssertRefused(AttestationFailure.CoseMalformed, value);
            AssertRefused(AttestationFailure.CoseMalformed, [0xD2, .. value]);
            AssertRefused(AttestationFailure.CoseMalformed, List(value, Map(), Bytes(payload), Bytes(new byte[96])));
            AssertRefused(AttestationFailure.CoseMalformed, List(Bytes(Es384), Map(), value, Bytes(new byte[96])));
            AssertRefused(AttestationFailure.CoseMalformed, List(Bytes(Es384), Map(), Bytes(payload), value));
            AssertRefused(AttestationFailure.CoseProtectedHeader, List(Bytes(value), Map(), Bytes(payload), Bytes(new byte[96])));
            AssertRefused(null, List(Bytes(Es384), value, Bytes(payload), Bytes(new byte[96])));
        }
    }

    [Fact]
    public void Verify_deep_nesting_or_a_great_claim_in_a_signed_payload_is_refused()
    {
        string[] members = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle", "public_key", "user_data", "nonce"];
        var small = TestChain.Create([TestChain.Default[0], TestChain.Default[4]]);
        foreach (byte[] value in Hostile)
        {
            AssertRefused(null, Chain.Sign(value));
            foreach (string member in members)
            {
                AssertRefused(null, Chain.Sign(new TestPayload(small.Document() with { Pcrs = OnePcr }).Set(member, value).Encode()));
            }

            AssertRefused(null, Chain.Sign(new TestPayload(small.Document() with { Pcrs = OnePcr }).Set("pcrs", Map(Number(0), value)).Encode()));
            AssertRefused(null, Chain.Sign(new TestPayload(small.Document() with { Pcrs = OnePcr }).Set("cabundle", List(value)).Encode()));
            AssertRefused(null, Chain.Sign(new TestPayload(small.Document() with { Pcrs = OnePcr }).Add(Text("more"), value).Encode()));
        }
    }

    [Fact]
    public void Verify_many_small_members_is_refused()
    {
        byte[] pcrs = Map([.. Enumerable.Range(0, 3_000).SelectMany(index => new[] { Number((ulong)index), Bytes() })]);
        byte[] bundle = List([.. Enumerable.Repeat(Bytes(1), 5_000)]);
        byte[] members = Map([.. Enumerable.Range(0, 1_500).SelectMany(index => new[] { Text($"m{index}"), Null })]);

        AssertRefused(AttestationFailure.Pcrs, Chain.Sign(new TestPayload(Chain.Document()).Set("cabundle", List(Bytes(1))).Set("pcrs", pcrs).Encode()));
        AssertRefused(AttestationFailure.CaBundle, Chain.Sign(new TestPayload(Chain.Document()).Set("cabundle", bundle).Encode()));
        AssertRefused(AttestationFailure.PayloadUnknownMember, Chain.Sign(members));
    }

    [Fact]
    public void Parse_certificate_that_nests_deeply_is_refused()
    {
        // Sequences in sequences, as deep as 1024 bytes allow.
        byte[] nested = [];
        while (nested.Length < 1_016)
        {
            nested = nested.Length < 128 ? [0x30, (byte)nested.Length, .. nested] : [0x30, 0x82, (byte)(nested.Length >> 8), (byte)nested.Length, .. nested];
        }

        TestChain chain = Chain.WithCertificate(_ => nested);

        AssertRefused(AttestationFailure.CertificateMalformed, chain.Sign(chain.Document()));
    }

    private static Dictionary<int, ReadOnlyMemory<byte>> OnePcr => new() { [0] = TestChain.Pcr(0) };

    /// <summary>Refused, for one reason where there is one; what a verification may take is generous, and far from what is claimed.</summary>
    private static void AssertRefused(AttestationFailure? failure, byte[] document)
    {
        Assert.InRange(document.Length, 0, AttestationVerifier.MaxDocumentLength);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();

        AttestationVerdict verdict = Chain.Verify(document);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 << 20);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 5);
        AttestationVerifierTests.AssertRefused(failure ?? verdict.Failure, "", verdict);
        Assert.InRange(verdict.Reason.Length, 10, 300);
    }
}
