using System.Text;
using KmsTool.Protocol.Images;

namespace KmsTool.Tests.Protocol.Images;

/// <summary>Broken images: each field in turn, with the CRC-32 put right, so that the field itself is what is refused.</summary>
public sealed class EnclaveImageStructureTests
{
    private static readonly TestImage Image = TestImage.CreateSmall();

    /// <summary>The first byte after the last section.</summary>
    private static readonly int End = Image.SectionAt(5);

    public static TheoryData<int, ulong, int, EnclaveImageFailure, string> Fields => new()
    {
        { 0, 0x2e656967, 4, EnclaveImageFailure.Magic, "magic: 2e656967, expected 2e656966 (\".eif\")" },
        { 4, 3, 2, EnclaveImageFailure.Version, "version: 3, expected 4" },
        { 4, 0x0400, 2, EnclaveImageFailure.Version, "version: 1024, expected 4" },
        { 24, 1, 2, EnclaveImageFailure.Reserved, "reserved: 1, expected 0" },
        { 26, 0, 2, EnclaveImageFailure.SectionCount, "num_sections: 0, expected 3 to 32" },
        { 26, 2, 2, EnclaveImageFailure.SectionCount, "num_sections: 2, expected 3 to 32" },
        { 26, 33, 2, EnclaveImageFailure.SectionCount, "num_sections: 33, expected 3 to 32" },
        { 26, 0xFFFF, 2, EnclaveImageFailure.SectionCount, "num_sections: 65535, expected 3 to 32" },
        { 26, 4, 2, EnclaveImageFailure.Reserved, $"section_offsets[4]: {Image.SectionAt(4)}, expected 0" },
        { 26, 6, 2, EnclaveImageFailure.SectionOffset, $"section_offsets[5]: 0 overlaps section 4, expected {End}" },
        { TestImage.OffsetField(0), 547, 8, EnclaveImageFailure.SectionOffset, "section_offsets[0]: 547 overlaps the header, expected 548" },
        { TestImage.OffsetField(0), 0, 8, EnclaveImageFailure.SectionOffset, "section_offsets[0]: 0 overlaps the header, expected 548" },
        { TestImage.OffsetField(1), 562, 8, EnclaveImageFailure.SectionOffset, "section_offsets[1]: 562 overlaps section 0, expected 563" },
        { TestImage.OffsetField(1), 564, 8, EnclaveImageFailure.SectionOffset, "section_offsets[1]: 564 leaves a gap after section 0, expected 563" },
        { TestImage.OffsetField(4), ulong.MaxValue, 8, EnclaveImageFailure.SectionOffset, $"section_offsets[4]: 18446744073709551615 leaves a gap after section 3, expected {Image.SectionAt(4)}" },
        { TestImage.OffsetField(31), 1, 8, EnclaveImageFailure.Reserved, "section_offsets[31]: 1, expected 0" },
        { TestImage.SizeField(0), 2, 8, EnclaveImageFailure.SectionOffset, "section_offsets[1]: 563 leaves a gap after section 0, expected 562" },
        { TestImage.SizeField(0), 4, 8, EnclaveImageFailure.SectionOffset, "section_offsets[1]: 563 overlaps section 0, expected 564" },
        { TestImage.SizeField(4), 3, 8, EnclaveImageFailure.SectionSize, "section_sizes[4]: 3 bytes are past the end of the file, expected at most 2" },
        { TestImage.SizeField(4), 1, 8, EnclaveImageFailure.TrailingBytes, $"end of file: 1 bytes after the last section, expected it to end at {End - 1}" },
        { TestImage.SizeField(4), 1UL << 31, 8, EnclaveImageFailure.SectionSize, "section_sizes[4]: 2147483648 bytes are past the end of the file, expected at most 2" },
        { TestImage.SizeField(4), 1UL << 63, 8, EnclaveImageFailure.SectionSize, "section_sizes[4]: 9223372036854775808 bytes are past the end of the file, expected at most 2" },
        { TestImage.SizeField(4), ulong.MaxValue, 8, EnclaveImageFailure.SectionSize, "section_sizes[4]: 18446744073709551615 bytes are past the end of the file, expected at most 2" },
        { TestImage.SizeField(5), 1, 8, EnclaveImageFailure.Reserved, "section_sizes[5]: 1, expected 0" },
        { 540, 1, 4, EnclaveImageFailure.Reserved, "unused: 1, expected 0" },
        { Image.SectionAt(0), 0, 2, EnclaveImageFailure.SectionType, "section[0].type: 0, expected 1 (kernel), 2 (command line), 3 (ramdisk), 4 (signature) or 5 (metadata)" },
        { Image.SectionAt(3), 6, 2, EnclaveImageFailure.SectionType, "section[3].type: 6, expected 1 (kernel), 2 (command line), 3 (ramdisk), 4 (signature) or 5 (metadata)" },
        { Image.SectionAt(1), 1, 2, EnclaveImageFailure.SectionOrder, "section[1].type: a second kernel, expected one" },
        { Image.SectionAt(3), 2, 2, EnclaveImageFailure.SectionOrder, "section[3].type: a second command line, expected one" },
        { Image.SectionAt(3), 5, 2, EnclaveImageFailure.SectionOrder, "section[3].type: a second metadata section, expected one" },
        { Image.SectionAt(0), 2, 2, EnclaveImageFailure.SectionOrder, "section[0].type: a command line, expected a kernel before it" },
        { Image.SectionAt(0), 3, 2, EnclaveImageFailure.SectionOrder, "section[0].type: a ramdisk, expected a command line before it" },
        { Image.SectionAt(2) + 2, 1, 2, EnclaveImageFailure.Flags, "section[2].flags: 0x0001, expected 0x0000" },
        { Image.SectionAt(3) + 4, 2, 8, EnclaveImageFailure.SectionSize, "section[3].size: 2, expected 1 as in section_sizes[3]" },
        { Image.SectionAt(3) + 4, 1UL << 31, 8, EnclaveImageFailure.SectionSize, "section[3].size: 2147483648, expected 1 as in section_sizes[3]" },
        { Image.SectionAt(1) + TestImage.SectionHeaderLength, 0xFF, 1, EnclaveImageFailure.CommandLine, "command line: not text, expected UTF-8" },
    };

    [Theory]
    [MemberData(nameof(Fields))]
    public async Task Read_of_an_image_with_a_wrong_field_names_it(int at, ulong value, int length, EnclaveImageFailure failure, string message)
    {
        EnclaveImageException e = await ReadBrokenAsync(Image.EncodeWith(at, value, length));

        Assert.Equal((failure, message), (e.Failure, e.Message));
        Assert.StartsWith(e.Field + ": ", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sections: no command line, expected one", TestImage.KernelType, TestImage.SignatureType, TestImage.MetadataType)]
    [InlineData("sections: no ramdisk, expected one", TestImage.KernelType, TestImage.CommandLineType, TestImage.MetadataType)]
    [InlineData("section[1].type: a ramdisk, expected a command line before it", TestImage.KernelType, TestImage.RamdiskType, TestImage.CommandLineType)]
    public async Task Read_of_an_image_without_a_section_that_it_needs_names_it(string message, params ushort[] types)
    {
        var image = new TestImage { Sections = [.. types.Select(type => (type, "{}"u8.ToArray()))] };

        EnclaveImageException e = await ReadBrokenAsync(image.Encode());

        Assert.Equal((EnclaveImageFailure.SectionOrder, message), (e.Failure, e.Message));
    }

    [Theory]
    [InlineData(TestImage.CommandLineType, EnclaveImage.MaxCommandLineLength, "a command line")]
    [InlineData(TestImage.MetadataType, EnclaveImage.MaxMetadataLength, "a metadata section")]
    [InlineData(TestImage.SignatureType, EnclaveImage.MaxSignatureLength, "a signature")]
    public async Task Read_of_a_section_that_is_too_long_to_keep_is_refused(int type, int limit, string what)
    {
        var image = TestImage.CreateSmall();
        image.Sections.RemoveAll(section => section.Type == type);
        image.Sections.Insert(1, ((ushort)type, new byte[limit + 1]));

        EnclaveImageException e = await ReadBrokenAsync(image.Encode());

        Assert.Equal((EnclaveImageFailure.SectionTooLong, $"section[1].size: {what} of {limit + 1} bytes, expected at most {limit}"), (e.Failure, e.Message));
    }

    [Theory]
    [InlineData("[1]", "JSON of kind Array")]
    [InlineData("", "not JSON")]
    [InlineData("{\"a\":1}{}", "not JSON")]
    [InlineData("{\"a\":1,\"a\":2}", "not JSON")]
    [InlineData("{\"a\":\"\\ud800\"}", "not JSON")]
    [InlineData("{\"\\ud800\":1}", "not JSON")]
    public async Task Read_of_metadata_that_is_no_object_is_refused(string metadata, string reason)
    {
        EnclaveImageException e = await ReadBrokenAsync(WithMetadata(Encoding.UTF8.GetBytes(metadata)));

        Assert.Equal(EnclaveImageFailure.Metadata, e.Failure);
        Assert.StartsWith("metadata: " + reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_of_metadata_that_is_nested_deeply_or_no_text_is_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"a\":", 100_000)) + "1" + new string('}', 100_000);

        Assert.Equal(EnclaveImageFailure.Metadata, (await ReadBrokenAsync(WithMetadata(Encoding.UTF8.GetBytes(deep)))).Failure);
        Assert.Equal("metadata: not UTF-8, expected a JSON object", (await ReadBrokenAsync(WithMetadata([.. "{\""u8, 0xFF, .. "\":1}"u8]))).Message);
    }

    [Fact]
    public async Task Read_of_any_damaged_byte_is_refused()
    {
        foreach (byte[] mutated in Mutations.OneBitOfEveryByte(Image.Encode()))
        {
            await ReadBrokenAsync(mutated);
        }
    }

    [Fact]
    public async Task Read_of_a_damaged_content_or_checksum_tells_of_the_checksum()
    {
        foreach (int at in new[] { TestImage.CrcAt, TestImage.HeaderLength - 1, 8, 16, Image.SectionAt(0) + 12, Image.SectionAt(1) + 12, Image.SectionAt(2) + 12, End - 1 })
        {
            byte[] image = Image.Encode();
            image[at] ^= 0x80;

            EnclaveImageException e = await ReadBrokenAsync(image);

            Assert.Equal(EnclaveImageFailure.Checksum, e.Failure);
            Assert.Matches("^eif_crc32: 0x[0-9a-f]{8}, expected 0x[0-9a-f]{8}: the file is damaged$", e.Message);
        }
    }

    [Fact]
    public async Task Read_truncated_at_any_length_is_refused()
    {
        byte[] image = Image.Encode();
        for (int length = 0; length < image.Length; length++)
        {
            EnclaveImageException seekable = await ReadBrokenAsync(image[..length]);
            EnclaveImageException forwards = await Assert.ThrowsAsync<EnclaveImageException>(
                () => EnclaveImage.MeasureAsync(new ReadCountingStream(image, length)));

            Assert.Equal(length < TestImage.HeaderLength ? EnclaveImageFailure.Truncated : EnclaveImageFailure.SectionSize, seekable.Failure);
            Assert.Equal(EnclaveImageFailure.Truncated, forwards.Failure);
        }
    }

    [Fact]
    public async Task Read_of_a_truncated_stream_tells_where()
    {
        byte[] image = Image.Encode();
        async Task<string> readAsync(int length) =>
            (await Assert.ThrowsAsync<EnclaveImageException>(() => EnclaveImage.MeasureAsync(new ReadCountingStream(image, length)))).Message;

        Assert.Equal("header: the file ends after 547 bytes of its header, expected 548", await readAsync(547));
        Assert.Equal("section[0]: the file ends after 11 bytes of its header, expected 12", await readAsync(559));
        Assert.Equal("section[0]: the file ends after 2 bytes of its content (kernel), expected 3", await readAsync(562));
    }

    [Fact]
    public async Task Read_of_an_image_with_bytes_behind_it_is_refused()
    {
        byte[] image = [.. Image.Encode(), 0];

        EnclaveImageException seekable = await ReadBrokenAsync(TestImage.WithCrc(image));
        EnclaveImageException forwards = await Assert.ThrowsAsync<EnclaveImageException>(() => EnclaveImage.MeasureAsync(new ReadCountingStream(image, image.Length)));

        Assert.Equal($"end of file: 1 bytes after the last section, expected it to end at {End}", seekable.Message);
        Assert.Equal($"end of file: bytes after the last section, expected it to end at {End}", forwards.Message);
    }

    [Fact]
    public async Task Read_randomly_rearranged_gives_an_image_or_a_reason()
    {
        var random = new Random(20261126);
        byte[][] images = [Image.Encode(), new TestImage { Sections = [.. Image.Sections.Where(section => section.Type != TestImage.MetadataType)] }.Encode()];
        for (int i = 0; i < 10_000; i++)
        {
            byte[] mutated = TestImage.WithCrc(Mutations.Random(random, images));
            try
            {
                await EnclaveImage.MeasureAsync(new MemoryStream(mutated));
            }
            catch (EnclaveImageException e)
            {
                Assert.InRange(e.Message.Length, 10, 300);
            }
        }
    }

    private static byte[] WithMetadata(byte[] metadata)
    {
        var image = TestImage.CreateSmall();
        image.Sections[2] = (TestImage.MetadataType, metadata);
        return image.Encode();
    }

    private static Task<EnclaveImageException> ReadBrokenAsync(byte[] image) =>
        Assert.ThrowsAsync<EnclaveImageException>(() => EnclaveImage.MeasureAsync(new MemoryStream(image)));
}
