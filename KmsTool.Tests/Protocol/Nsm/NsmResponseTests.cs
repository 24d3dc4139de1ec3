using KmsTool.Protocol.Nsm;
using static KmsTool.Tests.Protocol.CborBytes;

namespace KmsTool.Tests.Protocol.Nsm;

public sealed class NsmResponseTests
{
    /// <summary>What serde_cbor makes of the responses of aws-nitro-enclaves-nsm-api, written out by hand from RFC 8949.</summary>
    private static readonly Dictionary<string, NsmResponse> Responses = new()
    {
        ["67" + Hex("LockPCR")] = new NsmResponse.LockPcr(),
        ["68" + Hex("LockPCRs")] = new NsmResponse.LockPcrs(),
        ["a16b" + Hex("DescribePCR") + "a264" + Hex("lock") + "f564" + Hex("data") + "420102"] = new NsmResponse.DescribePcr(true, new byte[] { 1, 2 }),
        ["a16b" + Hex("DescribePCR") + "a264" + Hex("lock") + "f464" + Hex("data") + "40"] = new NsmResponse.DescribePcr(false, default),
        ["a169" + Hex("ExtendPCR") + "a164" + Hex("data") + "4105"] = new NsmResponse.ExtendPcr(new byte[] { 5 }),
        ["a16b" + Hex("Attestation") + "a168" + Hex("document") + "43846061"] = new NsmResponse.Attestation(new byte[] { 0x84, 0x60, 0x61 }),
        ["a169" + Hex("GetRandom") + "a166" + Hex("random") + "4107"] = new NsmResponse.GetRandom(new byte[] { 7 }),
        ["a16b" + Hex("DescribeNSM") + "a76d" + Hex("version_major") + "016d" + Hex("version_minor") + "006d" + Hex("version_patch") + "02"
            + "69" + Hex("module_id") + "63" + Hex("i-0") + "68" + Hex("max_pcrs") + "1820" + "6b" + Hex("locked_pcrs") + "820001" + "66" + Hex("digest") + "66" + Hex("SHA384")] =
            new NsmResponse.DescribeNsm(1, 0, 2, "i-0", 32, [0, 1], "SHA384"),
    };

    public static TheoryData<string> Golden => [.. Responses.Keys];

    public static TheoryData<string, NsmErrorCode> Errors => new()
    {
        { "InvalidArgument", NsmErrorCode.InvalidArgument },
        { "InvalidIndex", NsmErrorCode.InvalidIndex },
        { "InvalidResponse", NsmErrorCode.InvalidResponse },
        { "ReadOnlyIndex", NsmErrorCode.ReadOnlyIndex },
        { "InvalidOperation", NsmErrorCode.InvalidOperation },
        { "BufferTooSmall", NsmErrorCode.BufferTooSmall },
        { "InputTooLarge", NsmErrorCode.InputTooLarge },
        { "InternalError", NsmErrorCode.InternalError },
    };

    public static TheoryData<string, byte[], string> Broken => new()
    {
        { "nothing", [], "NSM response: " },
        { "unknown unit", Text("Ok"), "unknown answer" },
        { "unknown answer", Map(Text("Reboot"), Map()), "unknown answer" },
        { "two answers", Map(Text("Error"), Text("InternalError"), Text("GetRandom"), Null), "more than one operation" },
        { "unknown error", Map(Text("Error"), Text("Success")), "unknown error code" },
        { "error by number", Map(Text("Error"), Number(1)), "expected text" },
        { "error with a number as its name", Map(Text("Error"), Text("0")), "unknown error code" },
        { "trailing byte", [.. Text("LockPCR"), 0x00], "NSM response: " },
        { "missing document", Map(Text("Attestation"), Map()), "member document is missing" },
        { "null document", Map(Text("Attestation"), Map(Text("document"), Null)), "expected bytes" },
        { "document in chunks", Map(Text("Attestation"), Map(Text("document"), ChunkedBytes(1, 2))), "expected bytes" },
        { "unknown member", Map(Text("GetRandom"), Map(Text("x"), Bytes(1))), "unknown member" },
        { "duplicate member", Map(Text("GetRandom"), Map(Text("random"), Bytes(1), LongText("random"), Bytes(2))), "appears twice" },
        { "missing lock", Map(Text("DescribePCR"), Map(Text("data"), Bytes(1))), "member lock is missing" },
        { "missing PCR", Map(Text("DescribePCR"), Map(Text("lock"), [0xF5])), "member data is missing" },
        { "unknown member of DescribePCR", Map(Text("DescribePCR"), Map(Text("x"), [0xF5])), "unknown member" },
        { "lock as number", Map(Text("DescribePCR"), Map(Text("lock"), Number(1), Text("data"), Bytes(1))), "expected true or false" },
        { "large PCR", Map(Text("DescribePCR"), Map(Text("lock"), [0xF5], Text("data"), Bytes(new byte[65]))), "PCR of 65 bytes" },
        { "large extended PCR", Map(Text("ExtendPCR"), Map(Text("data"), Bytes(new byte[65]))), "PCR of 65 bytes" },
        { "too much random", Map(Text("GetRandom"), Map(Text("random"), Bytes(new byte[257]))), "answer of 257 bytes" },
        { "long module id", Description("module_id", Text(new string('i', 257))), "text of 257 bytes" },
        { "unknown member of DescribeNSM", Description("digest_", Text("SHA384")), "unknown member" },
        { "version of 17 bits", Description("version_major", Number(65536)), "does not fit 16 bits" },
        { "too many locked PCRs", Description("locked_pcrs", List([.. Enumerable.Repeat(Number(1), 33)])), "lists 33 locked PCRs" },
        { "locked PCRs as a map", Description("locked_pcrs", Map()), "expected an array" },
    };

    [Theory]
    [MemberData(nameof(Golden))]
    public void Encode_gives_the_bytes_that_the_device_gives(string hex) =>
        Assert.Equal(hex, Convert.ToHexStringLower(Responses[hex].Encode()));

    [Theory]
    [MemberData(nameof(Golden))]
    public void Decode_reads_the_bytes_that_the_device_gives(string hex)
    {
        var decoded = NsmResponse.Decode(Convert.FromHexString(hex));

        Assert.Equal(Responses[hex].GetType(), decoded.GetType());
        Assert.Equal(hex, Convert.ToHexStringLower(decoded.Encode()));
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void Encode_and_Decode_know_every_error_by_its_name(string name, NsmErrorCode code)
    {
        byte[] encoded = Map(Text("Error"), Text(name));

        Assert.Equal(encoded, new NsmResponse.Error(code).Encode());
        Assert.Equal(new NsmResponse.Error(code), NsmResponse.Decode(encoded));
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void Decode_broken_response_names_the_rule(string what, byte[] encoded, string message)
    {
        NsmException exception = Assert.Throws<NsmException>(() => NsmResponse.Decode(encoded));

        Assert.Equal((what, NsmErrorCode.InvalidResponse), (what, exception.Code));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version_major")]
    [InlineData("version_minor")]
    [InlineData("version_patch")]
    [InlineData("module_id")]
    [InlineData("max_pcrs")]
    [InlineData("locked_pcrs")]
    [InlineData("digest")]
    public void Decode_description_without_a_member_is_refused(string name)
    {
        NsmException exception = Assert.Throws<NsmException>(() => NsmResponse.Decode(Description(name, value: null)));

        Assert.Contains($"member {name} is missing", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_indefinite_maps_as_newer_devices_write_them_are_understood()
    {
        byte[] encoded = IndefiniteMap(Text("Attestation"), IndefiniteMap(Text("document"), Bytes(1, 2)));

        NsmResponse.Attestation response = Assert.IsType<NsmResponse.Attestation>(NsmResponse.Decode(encoded));

        Assert.Equal([1, 2], response.Document.ToArray());
    }

    [Fact]
    public void Encode_and_Decode_respect_the_size_of_a_response()
    {
        int overhead = new NsmResponse.Attestation(new byte[1000]).Encode().Length - 1000;
        byte[] largest = new NsmResponse.Attestation(new byte[12288 - overhead]).Encode();

        Assert.Equal(12288, largest.Length);
        Assert.IsType<NsmResponse.Attestation>(NsmResponse.Decode(largest));
        Assert.Throws<NsmException>(() => new NsmResponse.Attestation(new byte[12289 - overhead]).Encode());
        NsmException exception = Assert.Throws<NsmException>(() => NsmResponse.Decode(new byte[12289]));
        Assert.Equal("NSM response of 12289 bytes is larger than 12288", exception.Message);
    }

    [Fact]
    public void Encode_response_that_breaks_a_rule_is_refused()
    {
        NsmResponse[] broken =
        [
            new NsmResponse.DescribePcr(false, new byte[65]),
            new NsmResponse.ExtendPcr(new byte[65]),
            new NsmResponse.GetRandom(new byte[257]),
            new NsmResponse.DescribeNsm(1, 0, 0, "i", 32, new ushort[33], "SHA384"),
        ];

        Assert.All(broken, response => Assert.Throws<NsmException>(response.Encode));
        Assert.Throws<ArgumentException>(() => new NsmResponse.Error((NsmErrorCode)99).Encode());
    }

    /// <summary>A description with one member changed, or left out.</summary>
    private static byte[] Description(string name, byte[]? value)
    {
        var members = new Dictionary<string, byte[]>
        {
            ["version_major"] = Number(1),
            ["version_minor"] = Number(0),
            ["version_patch"] = Number(0),
            ["module_id"] = Text("i-0"),
            ["max_pcrs"] = Number(32),
            ["locked_pcrs"] = List(Number(0)),
            ["digest"] = Text("SHA384"),
        };
        members.Remove(name);
        if (value is not null)
        {
            members[name] = value;
        }
        return Map(Text("DescribeNSM"), Map([.. members.SelectMany(member => new[] { Text(member.Key), member.Value })]));
    }

    private static string Hex(string text) => Convert.ToHexStringLower(System.Text.Encoding.UTF8.GetBytes(text));
}
