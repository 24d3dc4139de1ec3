using KmsTool.Networking;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Networking;

public class WaitNoticeTests
{
    private readonly ManualClock _clock = new();
    private readonly RecordingLogger _log = new();

    [Fact]
    public void Begin_wait_of_2_s_is_told_once()
    {
        using IDisposable waiting = new WaitNotice(_log, _clock).Begin("the test");

        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Empty(_log.All);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal("still waiting for the test", Assert.Single(_log.Warnings));
    }

    [Fact]
    public void Begin_wait_that_ends_before_is_not_told()
    {
        new WaitNotice(_log, _clock).Begin("the test").Dispose();

        _clock.Advance(TimeSpan.FromHours(1));

        Assert.Empty(_log.All);
    }

    [Fact]
    public void Begin_the_same_again_is_not_told_again()
    {
        var waits = new WaitNotice(_log, _clock);
        foreach (string what in (string[])["one", "other", "one", "one"])
        {
            using IDisposable waiting = waits.Begin(what);
            _clock.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(["still waiting for one", "still waiting for other"], _log.Warnings);
    }
}
