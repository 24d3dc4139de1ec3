using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy.Destinations;

public sealed class NameResolverTests : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly ManualClock _clock = new();
    private readonly RecordingLogger _log = new();

    [Fact]
    public async Task ResolveAsync_answer_is_used_for_a_minute_and_then_while_the_next_lookup_runs()
    {
        var names = new NameTable { Answer = _ => NameTable.Addresses("192.0.2.1") };
        NameResolver resolver = Create(names);
        await AssertAsync(resolver, "192.0.2.1");
        _clock.Advance(TimeSpan.FromSeconds(59));
        await AssertAsync(resolver, "192.0.2.1");
        Assert.Equal(1, names.Questions);

        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource<IPAddress[]>();
        names.Answer = _ =>
        {
            asked.SetResult();
            return answer.Task;
        };
        _clock.Advance(TimeSpan.FromSeconds(1));
        await AssertAsync(resolver, "192.0.2.1");
        await asked.Task.WaitAsync(_patience.Token);
        await AssertAsync(resolver, "192.0.2.1");
        Resolution old = await resolver.ResolveAsync("requester", _patience.Token);
        Task<Resolution> next = resolver.ResolveAgainAsync(old, "requester", _patience.Token);
        answer.SetResult([IPAddress.Parse("192.0.2.2")]);

        Assert.Equal([IPAddress.Parse("192.0.2.2")], (await next).Addresses);
        await AssertAsync(resolver, "192.0.2.2");
        Assert.Equal(2, names.Questions);
    }

    [Fact]
    public async Task ResolveAsync_first_lookup_is_shared_by_all_who_wait()
    {
        var answer = new TaskCompletionSource<IPAddress[]>();
        var names = new NameTable { Answer = _ => answer.Task };
        NameResolver resolver = Create(names);

        Task<Resolution>[] waiting = [.. Enumerable.Range(0, 10).Select(_ => resolver.ResolveAsync("requester", _patience.Token))];
        answer.SetResult([IPAddress.Loopback]);

        Assert.All(await Task.WhenAll(waiting), resolution => Assert.Equal([IPAddress.Loopback], resolution.Addresses));
        Assert.Equal(1, names.Questions);
    }

    [Fact]
    public async Task ResolveAsync_failure_holds_for_a_second_and_then_the_next_asks_anew()
    {
        var names = new NameTable { Answer = _ => throw NameTable.Unknown };
        NameResolver resolver = Create(names);

        DestinationException e = await Assert.ThrowsAsync<DestinationException>(() => resolver.ResolveAsync("requester", _patience.Token));
        names.Answer = _ => NameTable.Addresses("192.0.2.1");
        DestinationException again = await Assert.ThrowsAsync<DestinationException>(() => resolver.ResolveAsync("requester", _patience.Token));

        Assert.StartsWith("looking kms.test up failed: ", e.Message, StringComparison.Ordinal);
        Assert.Equal(e.Message, again.Message);
        Assert.Equal(1, names.Questions);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await AssertAsync(resolver, "192.0.2.1");
    }

    [Fact]
    public async Task ResolveAsync_lookup_that_never_ends_is_given_up()
    {
        var names = new NameTable { Answer = _ => new TaskCompletionSource<IPAddress[]>().Task };
        Task<Resolution> waiting = Create(names).ResolveAsync("requester", _patience.Token);
        await _clock.WaitForTimerAsync(TimeSpan.FromSeconds(10), _patience.Token);

        _clock.Advance(TimeSpan.FromSeconds(10));

        DestinationException e = await Assert.ThrowsAsync<DestinationException>(() => waiting);
        Assert.Equal("looking kms.test up took more than 10 s", e.Message);
    }

    [Fact]
    public async Task ResolveAgainAsync_failure_leaves_the_addresses_of_before()
    {
        var names = new NameTable { Answer = _ => NameTable.Addresses("192.0.2.1") };
        NameResolver resolver = Create(names);
        Resolution first = await resolver.ResolveAsync("requester", _patience.Token);
        names.Answer = _ => throw NameTable.Unknown;
        _clock.Advance(TimeSpan.FromSeconds(100));

        Assert.Same(first, await resolver.ResolveAgainAsync(first, "requester", _patience.Token));
        Assert.Contains("goes on with the addresses it had", Assert.Single(_log.Warnings), StringComparison.Ordinal);

        // The failed lookup is not repeated at once by those who do not insist.
        Assert.Same(first, await resolver.ResolveAsync("requester", _patience.Token));
        Assert.Equal(2, names.Questions);
    }

    [Fact]
    public async Task ResolveAgainAsync_fresh_answer_is_not_asked_for_again()
    {
        var names = new NameTable { Answer = _ => NameTable.Addresses("192.0.2.1") };
        NameResolver resolver = Create(names);
        Resolution first = await resolver.ResolveAsync("requester", _patience.Token);

        Assert.Same(first, await resolver.ResolveAgainAsync(first, "requester", _patience.Token));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.NotSame(first, await resolver.ResolveAgainAsync(first, "requester", _patience.Token));

        Assert.Equal(2, names.Questions);
    }

    [Theory]
    [InlineData(AddressFamily.Unspecified, "192.0.2.1 2001:db8::1 192.0.2.2")]
    [InlineData(AddressFamily.InterNetwork, "192.0.2.1 192.0.2.2")]
    [InlineData(AddressFamily.InterNetworkV6, "2001:db8::1")]
    public async Task ResolveAsync_gives_the_family_asked_for_without_duplicates(AddressFamily family, string expected)
    {
        var names = new NameTable { Answer = _ => NameTable.Addresses("192.0.2.1", "2001:db8::1", "192.0.2.1", "192.0.2.2") };

        Resolution resolution = await Create(names, family).ResolveAsync("requester", _patience.Token);

        Assert.Equal(expected, string.Join(' ', resolution.Addresses));
    }

    [Fact]
    public async Task ResolveAsync_name_without_the_family_fails()
    {
        var names = new NameTable { Answer = _ => NameTable.Addresses("192.0.2.1") };

        DestinationException e = await Assert.ThrowsAsync<DestinationException>(
            () => Create(names, AddressFamily.InterNetworkV6).ResolveAsync("requester", _patience.Token));

        Assert.Equal("kms.test has no IPv6 address", e.Message);
    }

    public void Dispose() => _patience.Dispose();

    private NameResolver Create(NameTable names, AddressFamily family = AddressFamily.Unspecified) =>
        new("kms.test", family, new LookupThreads(LookupBounds.Fixed, NameTable.Blocking(names.LookUpAsync)), _clock, _log);

    private async Task AssertAsync(NameResolver resolver, string expected) =>
        Assert.Equal([IPAddress.Parse(expected)], (await resolver.ResolveAsync("requester", _patience.Token)).Addresses);
}
