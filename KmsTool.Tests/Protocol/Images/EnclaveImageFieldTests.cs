using System.Buffers.Binary;
using KmsTool.Protocol.Images;

namespace KmsTool.Tests.Protocol.Images;

/// <summary>Every offset, size and section header of an image, one after the other, with the CRC-32 put right.</summary>
public sealed class EnclaveImageFieldTests
{
    private const int MaxSections = 32;
    private const ulong TwoGibibytes = 1UL << 31;

    private static readonly ulong[] Huge = [TwoGibibytes, (1UL << 63) - 1, 1UL << 63, ulong.MaxValue];

    /// <summary>Of 5 sections.</summary>
    private static readonly TestImage Small = TestImage.CreateSmall();

    /// <summary>Of as many as there can be, each of one byte but the command line and metadata.</summary>
    private static readonly TestImage Full = CreateFull();

    public static TheoryData<int> Indices => [.. Enumerable.Range(0, MaxSections)];

    [Theory]
    [MemberData(nameof(Indices))]
    public async Task Read_of_any_other_offset_names_it(int index)
    {
        ulong offset = (ulong)Full.SectionAt(index);
        foreach (ulong value in (ulong[])[0, 1, offset - 1, offset + 1, .. Huge])
        {
            await AssertRefusedAsync(EnclaveImageFailure.SectionOffset, $"section_offsets[{index}]", Full.EncodeWith(TestImage.OffsetField(index), value, 8));
        }
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public async Task Read_of_any_other_size_names_it_or_the_section_that_it_reaches(int index)
    {
        ulong size = (ulong)Full.Sections[index].Content.Length;
        bool isLast = index == MaxSections - 1;

        await AssertRefusedAsync(
            isLast ? EnclaveImageFailure.SectionSize : EnclaveImageFailure.SectionOffset,
            isLast ? $"section_sizes[{index}]" : $"section_offsets[{index + 1}]",
            Full.EncodeWith(TestImage.SizeField(index), size + 1, 8));
        await AssertRefusedAsync(
            isLast ? EnclaveImageFailure.TrailingBytes : EnclaveImageFailure.SectionOffset,
            isLast ? "end of file" : $"section_offsets[{index + 1}]",
            Full.EncodeWith(TestImage.SizeField(index), size - 1, 8));
        foreach (ulong value in Huge)
        {
            await AssertRefusedAsync(EnclaveImageFailure.SectionSize, $"section_sizes[{index}]", Full.EncodeWith(TestImage.SizeField(index), value, 8));
        }
    }

    [Fact]
    public async Task Read_of_a_place_for_a_section_that_does_not_exist_names_it()
    {
        for (int index = Small.Sections.Count; index < MaxSections; index++)
        {
            await AssertRefusedAsync(EnclaveImageFailure.Reserved, $"section_offsets[{index}]", Small.EncodeWith(TestImage.OffsetField(index), 548, 8));
            await AssertRefusedAsync(EnclaveImageFailure.Reserved, $"section_sizes[{index}]", Small.EncodeWith(TestImage.SizeField(index), TwoGibibytes, 8));
        }
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public async Task Read_of_any_other_field_of_a_section_names_it(int index)
    {
        int at = Full.SectionAt(index);
        ulong size = (ulong)Full.Sections[index].Content.Length;
        foreach (ulong type in (ulong[])[0, 6, 0x0100, 0xFFFF])
        {
            await AssertRefusedAsync(EnclaveImageFailure.SectionType, $"section[{index}].type", Full.EncodeWith(at, type, 2));
        }

        foreach (ulong flags in (ulong[])[1, 0x8000])
        {
            await AssertRefusedAsync(EnclaveImageFailure.Flags, $"section[{index}].flags", Full.EncodeWith(at + 2, flags, 2));
        }

        foreach (ulong value in (ulong[])[0, size + 1, .. Huge])
        {
            await AssertRefusedAsync(EnclaveImageFailure.SectionSize, $"section[{index}].size", Full.EncodeWith(at + 4, value, 8));
        }
    }

    [Fact]
    public async Task Read_of_sections_in_each_others_place_is_refused()
    {
        byte[] image = Small.Encode();
        Span<byte> first = image.AsSpan(TestImage.OffsetField(3), 8);
        Span<byte> second = image.AsSpan(TestImage.OffsetField(4), 8);
        byte[] kept = first.ToArray();
        second.CopyTo(first);
        kept.CopyTo(second);

        await AssertRefusedAsync(EnclaveImageFailure.SectionOffset, "section_offsets[3]", TestImage.WithCrc(image));
    }

    /// <summary>Where the file's length is not known before, such as on stdin.</summary>
    [Theory]
    [InlineData(0, EnclaveImageFailure.Truncated, "section[0]")]
    [InlineData(1, EnclaveImageFailure.SectionTooLong, "section[1].size")]
    [InlineData(2, EnclaveImageFailure.SectionTooLong, "section[2].size")]
    [InlineData(4, EnclaveImageFailure.Truncated, "section[4]")]
    public async Task Read_of_a_stream_that_claims_2_GiB_takes_no_memory_for_them(int index, EnclaveImageFailure failure, string field)
    {
        byte[] image = Claim(index, TwoGibibytes);
        long before = GC.GetAllocatedBytesForCurrentThread();

        EnclaveImageException e = await Assert.ThrowsAsync<EnclaveImageException>(() => EnclaveImage.MeasureAsync(new ReadCountingStream(image, image.Length)));

        Assert.Equal((failure, field), (e.Failure, e.Field));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Theory]
    [MemberData(nameof(Indices))]
    public async Task Read_of_a_stream_whose_sizes_exceed_all_bounds_names_one(int index)
    {
        byte[] image = Full.EncodeWith(TestImage.SizeField(index), long.MaxValue, 8);

        EnclaveImageException e = await Assert.ThrowsAsync<EnclaveImageException>(() => EnclaveImage.MeasureAsync(new ReadCountingStream(image, image.Length)));

        Assert.Equal((EnclaveImageFailure.SectionSize, $"section_sizes[{index}]"), (e.Failure, e.Field));
    }

    /// <summary>The small image up to a section that claims a size, in the header and in its own, with all offsets right.</summary>
    private static byte[] Claim(int index, ulong size)
    {
        byte[] image = Small.EncodeWith(TestImage.SizeField(index), size, 8);
        ulong more = size - (ulong)Small.Sections[index].Content.Length;
        for (int i = index + 1; i < Small.Sections.Count; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(TestImage.OffsetField(i)), (ulong)Small.SectionAt(i) + more);
        }

        BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(Small.SectionAt(index) + 4), size);
        return image;
    }

    private static TestImage CreateFull()
    {
        var image = TestImage.CreateSmall();
        while (image.Sections.Count < MaxSections)
        {
            image.Sections.Add((TestImage.RamdiskType, [(byte)image.Sections.Count]));
        }

        return image;
    }

    private static async Task AssertRefusedAsync(EnclaveImageFailure failure, string field, byte[] image)
    {
        EnclaveImageException e = await Assert.ThrowsAsync<EnclaveImageException>(() => EnclaveImage.MeasureAsync(new MemoryStream(image)));

        Assert.Equal((failure, field), (e.Failure, e.Field));
        Assert.Contains("expected", e.Message, StringComparison.Ordinal);
    }
}
