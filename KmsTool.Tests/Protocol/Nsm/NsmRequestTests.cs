using KmsTool.Protocol.Nsm;
using static KmsTool.Tests.Protocol.CborBytes;

namespace KmsTool.Tests.Protocol.Nsm;

public sealed class NsmRequestTests
{
    /// <summary>What serde_cbor makes of the requests of aws-nitro-enclaves-nsm-api, written out by hand from RFC 8949.</summary>
    private static readonly Dictionary<string, NsmRequest> Requests = new()
    {
        ["6b" + Hex("DescribeNSM")] = new NsmRequest.DescribeNsm(),
        ["69" + Hex("GetRandom")] = new NsmRequest.GetRandom(),
        ["a16b" + Hex("DescribePCR") + "a165" + Hex("index") + "10"] = new NsmRequest.DescribePcr(16),
        ["a169" + Hex("ExtendPCR") + "a265" + Hex("index") + "181f64" + Hex("data") + "420102"] = new NsmRequest.ExtendPcr(31, new byte[] { 1, 2 }),
        ["a167" + Hex("LockPCR") + "a165" + Hex("index") + "00"] = new NsmRequest.LockPcr(0),
        ["a168" + Hex("LockPCRs") + "a165" + Hex("range") + "1820"] = new NsmRequest.LockPcrs(32),
        ["a16b" + Hex("Attestation") + "a369" + Hex("user_data") + "f665" + Hex("nonce") + "f66a" + Hex("public_key") + "f6"] =
            new NsmRequest.Attestation(null, null, null),
        ["a16b" + Hex("Attestation") + "a369" + Hex("user_data") + "4065" + Hex("nonce") + "41076a" + Hex("public_key") + "43010203"] =
            new NsmRequest.Attestation(Array.Empty<byte>(), new byte[] { 7 }, new byte[] { 1, 2, 3 }),
    };

    public static TheoryData<string> Golden => [.. Requests.Keys];

    public static TheoryData<string, byte[], NsmErrorCode, string> Broken => new()
    {
        { "nothing", [], NsmErrorCode.InvalidArgument, "NSM request: " },
        { "no CBOR", [0xFF], NsmErrorCode.InvalidArgument, "NSM request: " },
        { "a number", Number(1), NsmErrorCode.InvalidArgument, "expected a map" },
        { "null", Null, NsmErrorCode.InvalidArgument, "expected a map" },
        { "unknown unit operation", Text("Describe"), NsmErrorCode.InvalidOperation, "unknown operation" },
        { "operation with arguments as text", Text("Attestation"), NsmErrorCode.InvalidOperation, "unknown operation" },
        { "unit operation as map", Map(Text("GetRandom"), Null), NsmErrorCode.InvalidOperation, "unknown operation" },
        { "unknown operation", Map(Text("Reboot"), Map()), NsmErrorCode.InvalidOperation, "unknown operation" },
        { "long operation name", Text(new string('A', 65)), NsmErrorCode.InvalidArgument, "text of 65 bytes" },
        { "text that is not UTF-8", [0x62, 0xC3, 0x28], NsmErrorCode.InvalidArgument, "NSM request: " },
        { "empty map", Map(), NsmErrorCode.InvalidArgument, "expected text" },
        { "two operations", Map(Text("LockPCR"), Index(1), Text("DescribePCR"), Index(1)), NsmErrorCode.InvalidArgument, "more than one operation" },
        { "trailing byte", [.. Text("GetRandom"), 0x00], NsmErrorCode.InvalidArgument, "NSM request: " },
        { "trailing byte after map", [.. Map(Text("LockPCR"), Index(1)), 0x00], NsmErrorCode.InvalidArgument, "NSM request: " },
        { "tag", [0xC1, .. Text("GetRandom")], NsmErrorCode.InvalidArgument, "expected a map" },
        { "tagged number", Map(Text("LockPCR"), Map(Text("index"), [0xC1, 0x01])), NsmErrorCode.InvalidArgument, "expected an unsigned integer" },
        { "text in chunks", [0x7F, .. Text("Get"), .. Text("Random"), 0xFF], NsmErrorCode.InvalidArgument, "expected a map" },
        { "arguments are an array", Map(Text("LockPCR"), List(Number(1))), NsmErrorCode.InvalidArgument, "expected a map" },
        { "missing index", Map(Text("LockPCR"), Map()), NsmErrorCode.InvalidArgument, "member index is missing" },
        { "missing data", Map(Text("ExtendPCR"), Index(1)), NsmErrorCode.InvalidArgument, "member data is missing" },
        { "missing range", Map(Text("LockPCRs"), Map()), NsmErrorCode.InvalidArgument, "member range is missing" },
        { "unknown member", Map(Text("LockPCR"), Map(Text("index"), Number(1), Text("x"), Number(1))), NsmErrorCode.InvalidArgument, "unknown member" },
        { "unknown member of Attestation", Map(Text("Attestation"), Map(Text("x"), Null)), NsmErrorCode.InvalidArgument, "unknown member" },
        { "duplicate member", Map(Text("LockPCR"), Map(Text("index"), Number(1), Text("index"), Number(2))), NsmErrorCode.InvalidArgument, "NSM request: " },
        { "duplicate member in another encoding", Map(Text("LockPCR"), Map(Text("index"), Number(1), LongText("index"), Number(2))), NsmErrorCode.InvalidArgument, "appears twice" },
        { "negative index", Map(Text("LockPCR"), Map(Text("index"), [0x20])), NsmErrorCode.InvalidArgument, "expected an unsigned integer" },
        { "index of more than 16 bits", Map(Text("LockPCR"), Index(65536)), NsmErrorCode.InvalidArgument, "does not fit 16 bits" },
        { "index of 64 bits", Map(Text("LockPCR"), Index(ulong.MaxValue)), NsmErrorCode.InvalidArgument, "does not fit 16 bits" },
        { "floating-point index", Map(Text("LockPCR"), Map(Text("index"), [0xF9, 0x3C, 0x00])), NsmErrorCode.InvalidArgument, "expected an unsigned integer" },
        { "DescribePCR 32", Map(Text("DescribePCR"), Index(32)), NsmErrorCode.InvalidIndex, "PCR index 32" },
        { "ExtendPCR 32", Map(Text("ExtendPCR"), Map(Text("index"), Number(32), Text("data"), Bytes(1))), NsmErrorCode.InvalidIndex, "PCR index 32" },
        { "LockPCR 32", Map(Text("LockPCR"), Index(32)), NsmErrorCode.InvalidIndex, "PCR index 32" },
        { "LockPCRs 33", Map(Text("LockPCRs"), Map(Text("range"), Number(33))), NsmErrorCode.InvalidIndex, "range 33" },
        { "data in chunks", Map(Text("ExtendPCR"), Map(Text("index"), Number(1), Text("data"), ChunkedBytes(1, 2))), NsmErrorCode.InvalidArgument, "expected bytes" },
        { "null data", Map(Text("ExtendPCR"), Map(Text("index"), Number(1), Text("data"), Null)), NsmErrorCode.InvalidArgument, "expected bytes" },
        { "user data as text", Map(Text("Attestation"), Map(Text("user_data"), Text("x"))), NsmErrorCode.InvalidArgument, "expected bytes" },
        { "large user data", Map(Text("Attestation"), Map(Text("user_data"), Bytes(new byte[1025]))), NsmErrorCode.InputTooLarge, "user_data of 1025 bytes" },
        { "large nonce", Map(Text("Attestation"), Map(Text("nonce"), Bytes(new byte[1025]))), NsmErrorCode.InputTooLarge, "nonce of 1025 bytes" },
        { "large public key", Map(Text("Attestation"), Map(Text("public_key"), Bytes(new byte[1025]))), NsmErrorCode.InputTooLarge, "public_key of 1025 bytes" },
        { "map that claims 2^64 - 1 entries", [0xBB, 255, 255, 255, 255, 255, 255, 255, 255], NsmErrorCode.InvalidArgument, "NSM request: " },
        { "text that claims 2^64 - 1 bytes", [0x7B, 255, 255, 255, 255, 255, 255, 255, 255], NsmErrorCode.InvalidArgument, "NSM request: " },
        { "bytes that claim 2^63 bytes", Map(Text("Attestation"), Map(Text("nonce"), [0x5B, 128, 0, 0, 0, 0, 0, 0, 0])), NsmErrorCode.InvalidArgument, "NSM request: " },
        { "deep nesting", Map(Text("LockPCR"), Enumerable.Repeat<byte>(0x81, 4000).ToArray()), NsmErrorCode.InvalidArgument, "expected a map" },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Encode_gives_the_bytes_that_the_device_takes(string hex) =>
        Assert.Equal(hex, Convert.ToHexStringLower(Requests[hex].Encode()));

    [Theory]
    [MemberData(nameof(Golden))]
    public void Decode_reads_the_bytes_that_the_device_takes(string hex)
    {
        var decoded = NsmRequest.Decode(Convert.FromHexString(hex));

        Assert.Equal(Requests[hex].GetType(), decoded.GetType());
        Assert.Equal(hex, Convert.ToHexStringLower(decoded.Encode()));
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void Decode_broken_request_names_the_rule_and_what_a_device_answers(string what, byte[] encoded, NsmErrorCode code, string message)
    {
        NsmException exception = Assert.Throws<NsmException>(() => NsmRequest.Decode(encoded));

        Assert.Equal((what, code), (what, exception.Code));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_absent_optional_members_are_null()
    {
        NsmRequest.Attestation request = Assert.IsType<NsmRequest.Attestation>(NsmRequest.Decode(Map(Text("Attestation"), Map(Text("nonce"), Bytes(9)))));

        Assert.Equal([9], request.Nonce!.Value.ToArray());
        Assert.Null(request.UserData);
        Assert.Null(request.PublicKey);
    }

    [Fact]
    public void Decode_members_in_any_order_and_encoding_of_length_are_understood()
    {
        byte[] encoded = IndefiniteMap(LongText("ExtendPCR"), IndefiniteMap(Text("data"), Bytes(1, 2), Text("index"), [0x19, 0x00, 0x05]));

        NsmRequest.ExtendPcr request = Assert.IsType<NsmRequest.ExtendPcr>(NsmRequest.Decode(encoded));

        Assert.Equal(5, request.Index);
        Assert.Equal([1, 2], request.Data.ToArray());
    }

    [Fact]
    public void Decode_does_not_keep_the_buffer()
    {
        byte[] encoded = Map(Text("Attestation"), Map(Text("nonce"), Bytes(9)));
        var request = (NsmRequest.Attestation)NsmRequest.Decode(encoded);

        Array.Clear(encoded);

        Assert.Equal([9], request.Nonce!.Value.ToArray());
    }

    [Fact]
    public void Decode_fields_of_the_largest_size_are_accepted()
    {
        byte[] field = new byte[1024];

        var request = (NsmRequest.Attestation)NsmRequest.Decode(new NsmRequest.Attestation(field, field, field).Encode());

        Assert.Equal((1024, 1024, 1024), (request.UserData!.Value.Length, request.Nonce!.Value.Length, request.PublicKey!.Value.Length));
    }

    [Fact]
    public void Encode_and_Decode_respect_the_size_of_a_request()
    {
        int overhead = new NsmRequest.ExtendPcr(0, new byte[1000]).Encode().Length - 1000;
        byte[] largest = new NsmRequest.ExtendPcr(0, new byte[4096 - overhead]).Encode();

        Assert.Equal(4096, largest.Length);
        Assert.IsType<NsmRequest.ExtendPcr>(NsmRequest.Decode(largest));
        NsmException encoding = Assert.Throws<NsmException>(() => new NsmRequest.ExtendPcr(0, new byte[4097 - overhead]).Encode());
        NsmException decoding = Assert.Throws<NsmException>(() => NsmRequest.Decode(new byte[4097]));
        Assert.Equal((NsmErrorCode.InputTooLarge, "NSM request of 4097 bytes is larger than 4096"), (encoding.Code, encoding.Message));
        Assert.Equal((NsmErrorCode.InputTooLarge, "NSM request of 4097 bytes is larger than 4096"), (decoding.Code, decoding.Message));
    }

    [Fact]
    public void Encode_request_that_breaks_a_rule_is_refused()
    {
        NsmRequest[] broken =
        [
            new NsmRequest.DescribePcr(32),
            new NsmRequest.ExtendPcr(ushort.MaxValue, default),
            new NsmRequest.LockPcr(32),
            new NsmRequest.LockPcrs(33),
            new NsmRequest.Attestation(new byte[1025], null, null),
            new NsmRequest.Attestation(null, new byte[1025], null),
            new NsmRequest.Attestation(null, null, new byte[1025]),
        ];

        Assert.All(broken, request => Assert.Throws<NsmException>(request.Encode));
    }

    private static byte[] Index(ulong index) => Map(Text("index"), Number(index));

    private static string Hex(string text) => Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(text));
}
