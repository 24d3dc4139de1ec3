using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

/// <summary>What a resolver gives out after a name was quiet, or could not be looked up.</summary>
public sealed class NameResolverAgeTests : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly ManualClock _clock = new();
    private readonly RecordingLogger _log = new();
    private readonly NameTable _names = new() { Answer = _ => NameTable.Addresses("192.0.2.1") };
    private readonly NameResolver _resolver;

    public NameResolverAgeTests() =>
        _resolver = new NameResolver(
            "kms.test", AddressFamily.Unspecified, new LookupThreads(LookupBounds.Requested, NameTable.Blocking(_names.LookUpAsync)), _clock, _log);

    [Fact]
    public async Task ResolveAsync_name_that_was_quiet_for_long_is_looked_up_first()
    {
        await ResolveAsync();
        _names.Answer = _ => NameTable.Addresses("192.0.2.2");
        _clock.Advance(TimeSpan.FromMinutes(15));

        Assert.Equal("192.0.2.2", Text(await ResolveAsync()));
    }

    [Fact]
    public async Task ResolveAsync_name_that_was_quiet_for_long_and_cannot_be_looked_up_has_its_old_addresses()
    {
        Resolution old = await ResolveAsync();
        _names.Answer = _ => throw NameTable.Unknown;
        _clock.Advance(TimeSpan.FromMinutes(15));

        Assert.Same(old, await ResolveAsync());
        Assert.Same(old, await ResolveAsync());

        Assert.Equal(2, _names.Questions);
    }

    [Fact]
    public async Task ResolveAsync_name_that_was_quiet_for_long_waits_a_second_for_servers_that_do_not_answer()
    {
        Resolution old = await ResolveAsync();
        var answer = new TaskCompletionSource<IPAddress[]>();
        _names.Answer = _ => answer.Task;
        _clock.Advance(TimeSpan.FromMinutes(15));
        Task<Resolution> first = ResolveAsync();
        await _clock.WaitForTimerAsync(TimeSpan.FromSeconds(1), _patience.Token);
        Assert.False(first.IsCompleted);

        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Same(old, await first);
        // Others do not wait as well.
        Assert.Same(old, await ResolveAsync());
        answer.SetResult([IPAddress.Parse("192.0.2.2")]);
        Assert.Equal("192.0.2.2", Text(await _resolver.ResolveAgainAsync(old, "requester", _patience.Token)));
        Assert.Equal(2, _names.Questions);
    }

    [Fact]
    public async Task ResolveAgainAsync_lookup_that_failed_is_not_repeated_within_a_second()
    {
        Resolution old = await ResolveAsync();
        _names.Answer = _ => throw NameTable.Unknown;
        _clock.Advance(TimeSpan.FromSeconds(30));
        for (int i = 0; i < 10; i++)
        {
            Assert.Same(old, await _resolver.ResolveAgainAsync(old, "requester", _patience.Token));
        }

        Assert.Equal(2, _names.Questions);
        Assert.Single(_log.Warnings);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await _resolver.ResolveAgainAsync(old, "requester", _patience.Token);

        Assert.Equal(3, _names.Questions);
    }

    [Fact]
    public async Task ResolveAsync_who_gives_up_before_its_turn_has_not_failed_the_name()
    {
        using var blocked = new BlockedNames();
        var threads = new LookupThreads(new LookupBounds(1), blocked.LookUp);
        Assert.True(threads.TryJoin("a.slow.test", AddressFamily.Unspecified, "other", out _));
        await blocked.WaitForBegunAsync(1, _patience.Token);
        var resolver = new NameResolver("kms.test", AddressFamily.Unspecified, threads, _clock, _log);
        using var time = new CancellationTokenSource();
        Task<Resolution> hasty = resolver.ResolveAsync("requester", time.Token);
        await time.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hasty);

        Task<Resolution> patient = resolver.ResolveAsync("requester", _patience.Token);
        blocked.Dispose();

        Assert.Equal([IPAddress.Loopback], (await patient).Addresses);
        Assert.Equal(["a.slow.test", "kms.test"], blocked.Asked);
    }

    [Fact]
    public async Task ResolveAsync_too_many_names_fails_for_that_connection_alone()
    {
        using var blocked = new BlockedNames();
        var threads = new LookupThreads(new LookupBounds(1) { Waiting = 0 }, blocked.LookUp);
        var resolver = new NameResolver("kms.test", AddressFamily.Unspecified, threads, _clock, _log);

        DestinationException e = await Assert.ThrowsAsync<DestinationException>(async () => await resolver.ResolveAsync("requester", _patience.Token));

        Assert.Equal(DestinationFailure.Unresolved, e.Failure);
        Assert.Equal("too many names are being looked up already; kms.test is not", e.Message);
    }

    public void Dispose() => _patience.Dispose();

    private static string Text(Resolution resolution) => string.Join(' ', resolution.Addresses);

    private Task<Resolution> ResolveAsync() => _resolver.ResolveAsync("requester", _patience.Token);
}
