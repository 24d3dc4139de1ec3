using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Tests.Protocol;

public class SensitiveBytesTests
{
    [Fact]
    public void Dispose_clearsTheBytesAndForbidsFurtherUse()
    {
        SensitiveBytes secret = SensitiveBytes.CopyOf("secret"u8);
        ReadOnlyMemory<byte> memory = secret.Memory;

        secret.Dispose();
        secret.Dispose();

        Assert.Equal(new byte[6], memory.ToArray());
        Assert.Throws<ObjectDisposedException>(() => secret.Memory);
        Assert.Throws<ObjectDisposedException>(() => secret.Span.Length);
    }

    [Fact]
    public void ToString_saysNothing()
    {
        using SensitiveBytes secret = SensitiveBytes.CopyOf("secret"u8);

        Assert.Equal("***", $"{secret}");
    }

    [Fact]
    public void PooledBuffers_areClearedWhenTheyGoBack()
    {
        var owner = ClearingMemoryPool.Instance.Rent(100);
        Memory<byte> memory = owner.Memory;
        "secret"u8.CopyTo(memory.Span);

        owner.Dispose();

        Assert.Equal(-1, memory.Span.IndexOfAnyExcept((byte)0));
    }
}
