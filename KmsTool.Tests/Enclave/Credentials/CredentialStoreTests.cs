using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Signing;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Credentials;

public sealed class CredentialStoreTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _bound = new(TimeSpan.FromSeconds(60));
    private readonly ManualClock _clock = new();
    private readonly CredentialStore _store;
    private int _wanted;

    public CredentialStoreTests()
    {
        _store = new CredentialStore(_clock);
        _store.Wanted += () => Interlocked.Increment(ref _wanted);
    }

    [Fact]
    public async Task RentAsync_current_ones_are_given_at_once()
    {
        _store.Put(new TestCredentials("a").Timed(_clock.GetUtcNow() + TimeSpan.FromTicks(1)));

        Assert.Equal("a", await RentIdAsync());
        Assert.Equal("a", await RentIdAsync());
        Assert.Equal(0, _wanted);
    }

    [Fact]
    public async Task RentAsync_waits_for_the_first_ones()
    {
        Task<string?>[] renting = [.. Enumerable.Range(0, 50).Select(_ => RentIdAsync())];
        Assert.DoesNotContain(renting, rent => rent.IsCompleted);
        Assert.Equal(50, _wanted);

        _store.Put(new TestCredentials("a").Timed());

        Assert.All(await Task.WhenAll(renting).WaitAsync(_bound.Token), id => Assert.Equal("a", id));
    }

    [Fact]
    public async Task RentAsync_gives_nothing_when_patience_is_over()
    {
        Task<string?> renting = RentIdAsync();

        _clock.Advance(Patience - TimeSpan.FromTicks(1));
        Assert.False(renting.IsCompleted);
        _clock.Advance(TimeSpan.FromTicks(1));

        Assert.Null(await renting.WaitAsync(_bound.Token));
    }

    [Fact]
    public async Task RentAsync_that_is_cancelled_throws()
    {
        using var cancelled = new CancellationTokenSource();
        Task<RefCounted<KmsCredentials>?> renting = _store.RentAsync(Patience, cancelled.Token);

        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => renting);
    }

    [Fact]
    public async Task RentAsync_expired_ones_are_waited_beyond()
    {
        var expiring = new TestCredentials("a");
        _store.Put(expiring.Timed(_clock.GetUtcNow() + TimeSpan.FromMinutes(1)));
        Assert.Equal("a", await RentIdAsync());

        _clock.Advance(TimeSpan.FromMinutes(1));
        Task<string?> renting = RentIdAsync();
        Assert.False(renting.IsCompleted);
        // Others that have expired are of no use.
        _store.Put(new TestCredentials("b").Timed(_clock.GetUtcNow()));
        _store.Put(new TestCredentials("c").Timed(_clock.GetUtcNow() + TimeSpan.FromMinutes(1)));

        Assert.Equal("c", await renting.WaitAsync(_bound.Token));
        Assert.True(expiring.IsCleared);
    }

    [Fact]
    public async Task RentAsync_refused_ones_are_waited_beyond_by_whoever_was_refused()
    {
        _store.Put(new TestCredentials("a").Timed());
        RefCounted<KmsCredentials> refused = (await _store.RentAsync(Patience, _bound.Token))!;
        Task<string?> renting = RentIdAsync(refused);
        Assert.False(renting.IsCompleted);
        Assert.Equal(1, _wanted);
        Assert.Equal("a", await RentIdAsync());

        _store.Put(new TestCredentials("b").Timed());

        Assert.Equal("b", await renting.WaitAsync(_bound.Token));
        // That there are newer ones already needs no wait.
        Assert.Equal("b", await RentIdAsync(refused));
        Assert.Equal(1, _wanted);
        refused.Release();
    }

    [Fact]
    public async Task RentAsync_refused_ones_that_nothing_follows_end_with_patience()
    {
        _store.Put(new TestCredentials("a").Timed());
        RefCounted<KmsCredentials> refused = (await _store.RentAsync(Patience, _bound.Token))!;
        Task<string?> renting = RentIdAsync(refused);

        _clock.Advance(Patience);

        Assert.Null(await renting.WaitAsync(_bound.Token));
        refused.Release();
        Assert.Equal("a", await RentIdAsync());
    }

    [Fact]
    public async Task Put_leaves_the_old_ones_to_those_who_have_them_and_then_clears_them()
    {
        var old = new TestCredentials("old");
        _store.Put(old.Timed());
        RefCounted<KmsCredentials> first = (await _store.RentAsync(Patience, _bound.Token))!;
        RefCounted<KmsCredentials> second = (await _store.RentAsync(Patience, _bound.Token))!;

        _store.Put(new TestCredentials("new").Timed());
        Assert.False(old.IsCleared);
        Sign(first.Value);
        first.Release();
        Assert.False(old.IsCleared);
        Sign(second.Value);
        second.Release();

        Assert.True(old.IsCleared);
        Assert.Equal("new", await RentIdAsync());
    }

    [Fact]
    public async Task Dispose_clears_what_nobody_uses()
    {
        var rented = new TestCredentials("a");
        _store.Put(rented.Timed());
        RefCounted<KmsCredentials> held = (await _store.RentAsync(Patience, _bound.Token))!;

        _store.Dispose();

        Assert.False(rented.IsCleared);
        held.Release();
        Assert.True(rented.IsCleared);
        Assert.Null(await _store.RentAsync(TimeSpan.Zero, _bound.Token));
    }

    [Fact]
    public async Task Renting_while_they_are_replaced_never_gives_cleared_ones()
    {
        var made = new List<TestCredentials>();
        Task[] renting = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 2000; i++)
            {
                RefCounted<KmsCredentials> rented = (await _store.RentAsync(Patience, _bound.Token))!;
                Sign(rented.Value);
                rented.Release();
            }
        }))];
        do
        {
            made.Add(new TestCredentials($"{made.Count}"));
            _store.Put(made[^1].Timed());
            await Task.Yield();
        }
        while (!Task.WhenAll(renting).IsCompleted);

        await Task.WhenAll(renting);
        Assert.All(made.SkipLast(1), old => Assert.True(old.IsCleared));
        Assert.False(made[^1].IsCleared);
    }

    public void Dispose()
    {
        _store.Dispose();
        _bound.Dispose();
    }

    private async Task<string?> RentIdAsync(RefCounted<KmsCredentials>? refused = null)
    {
        RefCounted<KmsCredentials>? rented = await _store.RentAsync(refused, Patience, _bound.Token);
        string? id = rented?.Value.AccessKeyId;
        rented?.Release();
        return id;
    }

    // Throws where they have been cleared.
    private static void Sign(KmsCredentials credentials) => credentials.Sign(new CredentialScope("20260101", "eu-west-1", "kms"), "text"u8, new byte[32]);
}
