using System.Text;
using KmsTool.Protocol.Images;

namespace KmsTool.Tests.Protocol.Images;

/// <summary>Valid images: what is measured and shown.</summary>
public sealed class EnclaveImageTests
{
    /// <summary>PCR2 that nitro-cli shows for images with one ramdisk: SHA-384 of 48 zero bytes and SHA-384 of nothing (sha384sum).</summary>
    private const string PcrOfNothing = "21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b964fc500a";

    [Fact]
    public async Task Read_measures_kernel_command_line_and_ramdisks()
    {
        EnclaveImage image = await ReadAsync(TestImage.Create().Encode());

        byte[] commandLine = Encoding.UTF8.GetBytes(TestImage.CommandLine);
        Assert.Equal([0, 1, 2], image.Pcrs.Keys.Order());
        Assert.Equal(TestImage.Pcr(TestImage.Kernel, commandLine, TestImage.Boot, TestImage.Application), Hex(image, 0));
        Assert.Equal(TestImage.Pcr(TestImage.Kernel, commandLine, TestImage.Boot), Hex(image, 1));
        Assert.Equal(TestImage.Pcr(TestImage.Application), Hex(image, 2));
    }

    [Fact]
    public async Task Read_gives_the_values_that_other_tools_compute()
    {
        // python3 ../shared/enclave-lab/mkeif.py with files of these bytes, and PCRs by hashlib.
        EnclaveImage image = await ReadAsync(TestImage.CreateSmall().Encode());

        Assert.Equal("4bba6ae7636ae54d135cbf30f50c2b623a0974dde1c1f2b48ee375018bb2a229c0b8a47abdfca39ebfa6d8845edd2bd1", Hex(image, 0));
        Assert.Equal("3c6347248c9e7f753e294e2973f81d4baa6dabd79989e79cdf3c2e36675b95a50b395495252b1e8d66df7e665d1005a8", Hex(image, 1));
        Assert.Equal("5e4a3916219150876288b5f4b7d7d5b2def7598231a472c288f7efe9c9a58ffb7748e458c2be2c19bf3d7395a1dcc79d", Hex(image, 2));
    }

    [Fact]
    public async Task Read_tells_what_the_image_says()
    {
        EnclaveImage image = await ReadAsync(TestImage.Create().Encode());

        Assert.Equal(ImageArchitecture.X64, image.Architecture);
        Assert.Equal((512UL << 20, 2UL), (image.DefaultMemory, image.DefaultCpus));
        Assert.Equal(TestImage.CommandLine, image.CommandLine);
        Assert.Equal(TestImage.Metadata, image.Metadata!.Value.GetRawText());
        Assert.Null(image.Signature);
        Assert.Equal(new ImageSection(ImageSectionType.Kernel, 548, 3_000), image.Sections[0]);
        Assert.Equal(new ImageSection(ImageSectionType.CommandLine, 3_560, TestImage.CommandLine.Length), image.Sections[1]);
        Assert.Equal(5, image.Sections.Count);
    }

    [Fact]
    public async Task Read_of_an_Arm_image_without_metadata_and_application()
    {
        var written = new TestImage
        {
            Flags = 1,
            Sections = [(TestImage.KernelType, [1]), (TestImage.CommandLineType, []), (TestImage.RamdiskType, [2])],
        };

        EnclaveImage image = await ReadAsync(written.Encode());

        Assert.Equal(ImageArchitecture.Arm64, image.Architecture);
        Assert.Null(image.Metadata);
        Assert.Equal("", image.CommandLine);
        Assert.Equal(PcrOfNothing, Hex(image, 2));
        Assert.Equal(Hex(image, 0), Hex(image, 1));
    }

    [Theory]
    [InlineData(0x0240, ImageArchitecture.X64)]
    [InlineData(0x0241, ImageArchitecture.Arm64)]
    [InlineData(0xFFFE, ImageArchitecture.X64)]
    public async Task Read_of_an_image_with_further_flags_reports_them_and_measures_by_the_published_rule(int flags, ImageArchitecture architecture)
    {
        var written = TestImage.CreateSmall();

        EnclaveImage image = await ReadAsync(written.EncodeWith(6, (ulong)flags, 2));

        Assert.Equal((flags & 0xFFFE, architecture), (image.FurtherFlags, image.Architecture));
        Assert.Equal(written.Pcr0(), Hex(image, 0));
    }

    [Fact]
    public async Task Read_reports_its_progress_to_the_end()
    {
        byte[] encoded = TestImage.Create().Encode();
        var progress = new Reports();

        await EnclaveImage.MeasureAsync(new MemoryStream(encoded), progress);

        // Five sections, of which the last takes two parts.
        Assert.Equal(6, progress.Values.Count);
        Assert.Equal(progress.Values.Order(), progress.Values);
        Assert.Equal(encoded.Length, progress.Values[^1]);
    }

    [Fact]
    public async Task Read_with_as_many_sections_as_there_can_be()
    {
        var written = TestImage.Create();
        while (written.Sections.Count < 32)
        {
            written.Sections.Add((TestImage.RamdiskType, [(byte)written.Sections.Count]));
        }

        EnclaveImage image = await ReadAsync(written.Encode());

        Assert.Equal(written.Pcr0(), Hex(image, 0));
        Assert.Equal(32, image.Sections.Count);
    }

    [Fact]
    public async Task Read_where_the_stream_stands()
    {
        byte[] encoded = TestImage.Create().Encode();
        using var stream = new MemoryStream([9, 9, 9, .. encoded]) { Position = 3 };

        Assert.Equal(TestImage.Create().Pcr0(), Hex(await EnclaveImage.MeasureAsync(stream), 0));
    }

    [Fact]
    public async Task Read_of_a_large_image_takes_one_buffer()
    {
        const int rest = 64 << 20;
        var small = TestImage.Create();
        small.Sections.Add((TestImage.RamdiskType, []));
        int last = small.Sections.Count - 1;
        byte[] start = small.EncodeWith(TestImage.SizeField(last), rest, 8);
        start[small.SectionAt(last) + 8] = rest >> 24;
        // The checksum is not that of the zeros which follow: all of it is read before that shows.
        using var stream = new ReadCountingStream(start, start.Length + (long)rest);
        long before = GC.GetAllocatedBytesForCurrentThread();

        EnclaveImageException e = await Assert.ThrowsAsync<EnclaveImageException>(() => EnclaveImage.MeasureAsync(stream));

        Assert.Equal(EnclaveImageFailure.Checksum, e.Failure);
        Assert.Equal(start.Length + (long)rest, stream.BytesRead);
        Assert.Equal(64 * 1024, stream.LargestRead);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public async Task Read_of_a_stream_that_cannot_seek_gives_the_same()
    {
        byte[] encoded = TestImage.Create().Encode();
        using var stream = new ReadCountingStream(encoded, encoded.Length);

        Assert.Equal(TestImage.Create().Pcr0(), Hex(await EnclaveImage.MeasureAsync(stream), 0));
    }

    [Fact]
    public async Task Read_ends_when_it_is_cancelled()
    {
        using var stream = new MemoryStream(TestImage.Create().Encode());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => EnclaveImage.MeasureAsync(stream, cancellationToken: new CancellationToken(canceled: true)));
    }

    private static async Task<EnclaveImage> ReadAsync(byte[] image) => await EnclaveImage.MeasureAsync(new MemoryStream(image));

    private static string Hex(EnclaveImage image, int pcr) => Convert.ToHexStringLower(image.Pcrs[pcr].Span);

    private sealed class Reports : IProgress<long>
    {
        public List<long> Values { get; } = [];

        public void Report(long value) => Values.Add(value);
    }
}
