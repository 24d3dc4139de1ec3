using System.Threading.Channels;
using KmsTool.Enclave.Daemon;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Daemon;

public class MemoryReclaimerTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualClock _clock = new();
    private readonly Channel<string> _events = Channel.CreateUnbounded<string>();
    private volatile bool _idle;
    private volatile int _open;

    [Fact]
    public async Task RunAsync_after_a_burst_waits_until_no_request_is_in_progress()
    {
        using var stopping = new CancellationTokenSource();
        var reclaimer = new MemoryReclaimer(IsIdle, () => _events.Writer.TryWrite("reclaim"), _clock);
        reclaimer.Note(300);
        Task running = reclaimer.RunAsync(CountConnections, stopping.Token);

        Assert.Equal(["count", "busy"], await TickAsync(2));
        Assert.Equal(["count", "busy"], await TickAsync(2));
        _idle = true;
        Assert.Equal(["count", "idle", "reclaim"], await TickAsync(3));
        // Once for each burst.
        Assert.Equal(["count"], await TickAsync(1));
        reclaimer.Note(255);
        Assert.Equal(["count"], await TickAsync(1));
        reclaimer.Note(256);
        Assert.Equal(["count", "idle", "reclaim"], await TickAsync(3));

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False(_events.Reader.TryRead(out _));
    }

    [Fact]
    public async Task RunAsync_while_connections_still_end_does_not_reclaim()
    {
        using var stopping = new CancellationTokenSource();
        _idle = true;
        _open = 1000;
        var reclaimer = new MemoryReclaimer(IsIdle, () => _events.Writer.TryWrite("reclaim"), _clock);
        reclaimer.Note(1000);
        Task running = reclaimer.RunAsync(CountConnections, stopping.Token);

        Assert.Equal(["count"], await TickAsync(1));
        _open = 500;
        Assert.Equal(["count"], await TickAsync(1));
        _open = 10;
        Assert.Equal(["count"], await TickAsync(1));
        Assert.Equal(["count", "idle", "reclaim"], await TickAsync(3));

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private int CountConnections()
    {
        _events.Writer.TryWrite("count");
        return _open;
    }

    private bool IsIdle()
    {
        _events.Writer.TryWrite(_idle ? "idle" : "busy");
        return _idle;
    }

    // What happens in a second, as many events as are expected.
    private async Task<List<string>> TickAsync(int events)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        _clock.Advance(Second);
        var found = new List<string>();
        while (found.Count < events)
        {
            found.Add(await _events.Reader.ReadAsync(timeout.Token));
        }

        return found;
    }
}
