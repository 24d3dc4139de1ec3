using KmsTool.Networking;

namespace KmsTool.Tests.Networking;

public class KeyedConcurrencyLimiterTests
{
    [Fact]
    public void TryAcquire_one_holder_does_not_get_all()
    {
        var limiter = new KeyedConcurrencyLimiter(limitOfEach: 2, limit: 3);
        Assert.True(limiter.TryAcquire("a"));
        Assert.True(limiter.TryAcquire("a"));
        Assert.False(limiter.TryAcquire("a"));

        Assert.True(limiter.TryAcquire("b"));
        Assert.False(limiter.TryAcquire("b"));

        limiter.Release("a", 2);
        Assert.True(limiter.TryAcquire("b"));
        Assert.True(limiter.TryAcquire("a"));
        Assert.False(limiter.TryAcquire("a"));
    }

    [Fact]
    public void Release_last_one_forgets_the_holder()
    {
        var limiter = new KeyedConcurrencyLimiter(limitOfEach: 1);
        limiter.TryAcquire("a");
        limiter.TryAcquire("b");
        Assert.False(limiter.HasRoomFor("a"));

        limiter.Release("a");

        Assert.Equal(["b"], limiter.Holders);
        Assert.False(limiter.IsHolder("a"));
        Assert.True(limiter.HasRoomFor("a"));
    }
}
