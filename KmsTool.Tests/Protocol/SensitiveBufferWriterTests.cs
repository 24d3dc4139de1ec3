using KmsTool.Protocol;

namespace KmsTool.Tests.Protocol;

public class SensitiveBufferWriterTests
{
    // Of a size that nobody else asks the pool for: nothing else writes to the buffers that are watched.
    private const int Large = 3 << 20;

    [Fact]
    public void Written_isWhatWasWrittenInPieces()
    {
        using var writer = new SensitiveBufferWriter(0);
        Assert.True(writer.Written.IsEmpty);

        byte[] expected = new byte[100_000];
        new Random(5).NextBytes(expected);
        for (int written = 0; written < expected.Length;)
        {
            int length = Math.Min(1 + (written % 1500), expected.Length - written);
            expected.AsSpan(written, length).CopyTo(writer.GetSpan(length));
            writer.Advance(length);
            written += length;
        }

        Assert.True(expected.AsSpan().SequenceEqual(writer.Written.Span));
    }

    [Fact]
    public void GetMemory_hasAtLeastWhatWasAskedFor()
    {
        using var writer = new SensitiveBufferWriter(10);

        Assert.NotEqual(0, writer.GetMemory().Length);
        Assert.InRange(writer.GetMemory(10_000).Length, 10_000, int.MaxValue);
        writer.Advance(writer.GetMemory().Length);
        Assert.NotEqual(0, writer.GetSpan().Length);
    }

    [Fact]
    public void GetMemory_thatHasToGrow_clearsWhatItLeaves()
    {
        using var writer = new SensitiveBufferWriter(Large);
        Memory<byte> left = writer.GetMemory();
        left.Span.Fill(0xAA);
        writer.Advance(left.Length);

        writer.GetMemory();

        Assert.Equal(-1, left.Span.IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, writer.Written.Span.IndexOfAnyExcept((byte)0xAA));
        Assert.Equal(left.Length, writer.Written.Length);
    }

    [Fact]
    public void Dispose_clearsWhatWasWrittenAndWhatWasNotAdvancedOver()
    {
        var writer = new SensitiveBufferWriter(2 * Large);
        Memory<byte> memory = writer.GetMemory();
        memory.Span.Fill(0xAA);
        writer.Advance(10);

        writer.Dispose();
        writer.Dispose();

        Assert.Equal(-1, memory.Span.IndexOfAnyExcept((byte)0));
        Assert.True(writer.Written.IsEmpty);
    }

    [Fact]
    public void Advance_beyondTheBuffer_isRefused()
    {
        using var writer = new SensitiveBufferWriter(10);
        int length = writer.GetMemory().Length;

        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(length + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(-1));
        writer.Advance(length);
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.Advance(1));
        Assert.Equal(length, writer.Written.Length);
    }
}
