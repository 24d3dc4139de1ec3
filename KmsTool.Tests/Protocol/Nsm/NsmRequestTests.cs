using KmsTool.Protocol.Nsm;

namespace KmsTool.Tests.Protocol.Nsm;

public sealed class NsmRequestTests
{
    /// <summary>The encodings that serde_cbor gives the requests of aws-nitro-enclaves-nsm-api, written out by hand from RFC 8949.</summary>
    public static TheoryData<string, NsmRequest> Golden => new()
    {
        { "6b" + Hex("DescribeNSM"), new NsmRequest.DescribeNsm() },
        { "69" + Hex("GetRandom"), new NsmRequest.GetRandom() },
        { "a16b" + Hex("DescribePCR") + "a165" + Hex("index") + "10", new NsmRequest.DescribePcr(16) },
        { "a169" + Hex("ExtendPCR") + "a265" + Hex("index") + "181f64" + Hex("data") + "420102", new NsmRequest.ExtendPcr(31, new byte[] { 1, 2 }) },
        { "a167" + Hex("LockPCR") + "a165" + Hex("index") + "00", new NsmRequest.LockPcr(0) },
        { "a168" + Hex("LockPCRs") + "a165" + Hex("range") + "1820", new NsmRequest.LockPcrs(32) },
        {
            "a16b" + Hex("Attestation") + "a369" + Hex("user_data") + "f665" + Hex("nonce") + "f66a" + Hex("public_key") + "f6",
            new NsmRequest.Attestation(null, null, null)
        },
        {
            "a16b" + Hex("Attestation") + "a369" + Hex("user_data") + "4065" + Hex("nonce") + "41076a" + Hex("public_key") + "43010203",
            new NsmRequest.Attestation(Array.Empty<byte>(), new byte[] { 7 }, new byte[] { 1, 2, 3 })
        },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Encode_gives_the_bytes_that_the_device_takes(string hex, NsmRequest request) =>
        Assert.Equal(hex, Convert.ToHexStringLower(request.Encode()));

    [Theory]
    [MemberData(nameof(Golden))]
    public void Decode_reads_the_bytes_that_the_device_takes(string hex, NsmRequest request)
    {
        NsmRequest decoded = NsmRequest.Decode(Convert.FromHexString(hex));

        Assert.Equal(request.GetType(), decoded.GetType());
        Assert.Equal(hex, Convert.ToHexStringLower(decoded.Encode()));
    }

    private static string Hex(string text) => Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(text));
}
