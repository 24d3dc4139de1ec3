using System.Buffers;
using System.Runtime.InteropServices;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Tests.Protocol;

public class SensitiveBytesTests
{
    [Fact]
    public void Dispose_clearsTheBytesAndForbidsFurtherUse()
    {
        var secret = SensitiveBytes.CopyOf("secret"u8);
        ReadOnlyMemory<byte> memory = secret.Memory;

        secret.Dispose();
        secret.Dispose();

        Assert.Equal(new byte[6], memory.ToArray());
        Assert.Throws<ObjectDisposedException>(() => secret.Memory);
        Assert.Throws<ObjectDisposedException>(() => secret.Span.Length);
    }

    [Fact]
    public void Buffer_isPinned()
    {
        using var secret = SensitiveBytes.CopyOf("secret"u8);
        Assert.True(MemoryMarshal.TryGetArray(secret.Memory, out ArraySegment<byte> buffer));

        // The pinned heap is collected with generation 2; an array that is not pinned begins in generation 0.
        Assert.Equal(GC.MaxGeneration, GC.GetGeneration(buffer.Array!));
    }

    [Fact]
    public void ToString_saysNothing()
    {
        using var secret = SensitiveBytes.CopyOf("secret"u8);

        Assert.Equal("***", $"{secret}");
    }

    [Fact]
    public void PooledBuffers_areClearedWhenTheyGoBack()
    {
        IMemoryOwner<byte> owner = ClearingMemoryPool.Instance.Rent(100);
        Memory<byte> memory = owner.Memory;
        "secret"u8.CopyTo(memory.Span);

        owner.Dispose();

        Assert.Equal(-1, memory.Span.IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [InlineData(0, 4096)]
    [InlineData(4096, 4096)]
    [InlineData(4097, 8192)]
    [InlineData(1 << 20, 1 << 20)]
    [InlineData((1 << 20) + 1, (1 << 20) + 1)]
    public void PooledArrays_arePinnedAndOfTheLengthThatWasAskedForOrLonger(int asked, int length)
    {
        byte[] array = SensitiveArrayPool.Rent(asked);

        Assert.Equal(length, array.Length);
        // The pinned heap is collected with generation 2; an array that is not pinned begins in generation 0.
        Assert.Equal(GC.MaxGeneration, GC.GetGeneration(array));
        SensitiveArrayPool.Return(array);
    }
}
