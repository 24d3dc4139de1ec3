using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

public sealed class LookupThreadsTests : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly BlockedNames _names = new();
    private readonly LookupThreads _threads;

    public LookupThreadsTests() => _threads = new LookupThreads(new LookupBounds(3) { ThreadsOfOne = 2, Waiting = 4, WaitingOfOne = 3 }, _names.LookUp);

    [Fact]
    public async Task TryJoin_one_requester_does_not_get_all_threads()
    {
        await JoinAsync("a", "1.slow.test", "2.slow.test");
        PendingLookup third = Join("a", "a.test");
        Assert.Equal([IPAddress.Loopback], await Join("b", "b.test").Answer.WaitAsync(_patience.Token));
        Assert.Equal([IPAddress.Loopback], await Join("c", "c.test").Answer.WaitAsync(_patience.Token));

        Assert.False(third.Answer.IsCompleted);
        Assert.DoesNotContain("a.test", _names.Asked);

        // Its turn comes when one of those before it has ended.
        _names.Dispose();
        Assert.Equal([IPAddress.Loopback], await third.Answer.WaitAsync(_patience.Token));
    }

    [Fact]
    public async Task TryJoin_name_that_is_looked_up_is_not_asked_for_again()
    {
        await JoinAsync("a", "1.slow.test");

        PendingLookup joined = Join("b", "1.SLOW.test");
        _names.Dispose();

        Assert.Equal([IPAddress.Loopback], await joined.Answer.WaitAsync(_patience.Token));
        Assert.Equal(["1.slow.test"], _names.Asked);
    }

    [Fact]
    public async Task TryJoin_name_that_waits_in_the_share_of_one_begins_in_that_of_another()
    {
        await JoinAsync("a", "1.slow.test", "2.slow.test");
        PendingLookup waiting = Join("a", "wanted.test");

        Assert.Same(waiting, Join("b", "wanted.test"));

        Assert.Equal([IPAddress.Loopback], await waiting.Answer.WaitAsync(_patience.Token));
    }

    [Fact]
    public async Task TryJoin_places_to_wait_are_bounded_for_one_and_for_all()
    {
        await JoinAsync("a", "1.slow.test", "2.slow.test");
        await JoinAsync("b", "3.slow.test");
        Join("a", "4.slow.test");
        Join("a", "5.slow.test");
        Join("a", "6.slow.test");
        // Who waits for a name does not wait for another one.
        Join("a", "6.slow.test");
        Assert.False(_threads.TryJoin("7.slow.test", AddressFamily.Unspecified, "a", out _));

        Join("b", "8.slow.test");

        Assert.False(_threads.TryJoin("9.slow.test", AddressFamily.Unspecified, "b", out _));
    }

    [Fact]
    public async Task Leave_name_that_nobody_waits_for_is_not_looked_up_and_gives_its_place_back()
    {
        await JoinAsync("a", "1.slow.test", "2.slow.test");
        PendingLookup[] waiting = [Join("a", "a.test"), Join("a", "b.test"), Join("a", "c.test")];
        Join("a", "a.test");
        foreach (PendingLookup pending in waiting)
        {
            _threads.Leave(pending, "a");
        }

        Assert.False(waiting[0].Answer.IsCompleted);
        Assert.True(waiting[1].Answer.IsCanceled);
        Assert.True(waiting[2].Answer.IsCanceled);
        Join("a", "d.test");
        PendingLookup last = Join("a", "e.test");
        _names.Dispose();
        await last.Answer.WaitAsync(_patience.Token);

        Assert.Equal(["1.slow.test", "2.slow.test", "a.test", "d.test", "e.test"], _names.Asked.Order());
    }

    [Fact]
    public async Task Leave_lookup_that_has_begun_goes_on()
    {
        PendingLookup begun = (await JoinAsync("a", "1.slow.test"))[0];

        _threads.Leave(begun, "a");
        _names.Dispose();

        Assert.Equal([IPAddress.Loopback], await begun.Answer.WaitAsync(_patience.Token));
    }

    [Fact]
    public async Task LookUpAsync_failure_is_that_of_the_system()
    {
        var threads = new LookupThreads(LookupBounds.Fixed, (_, _) => throw NameTable.Unknown);

        await Assert.ThrowsAsync<SocketException>(() => threads.LookUpAsync("kms.test", AddressFamily.Unspecified, _patience.Token));
        await Assert.ThrowsAsync<SocketException>(() => threads.LookUpAsync("kms.test", AddressFamily.Unspecified, _patience.Token));
    }

    public void Dispose()
    {
        _names.Dispose();
        _patience.Dispose();
    }

    private PendingLookup Join(string requester, string name)
    {
        Assert.True(_threads.TryJoin(name, AddressFamily.Unspecified, requester, out PendingLookup? pending));
        return pending;
    }

    /// <summary>Joins, and waits until the lookups have begun.</summary>
    private async Task<PendingLookup[]> JoinAsync(string requester, params string[] names)
    {
        PendingLookup[] pending = [.. names.Select(name => Join(requester, name))];
        await _names.WaitForBegunAsync(names.Length, _patience.Token);
        return pending;
    }
}
