using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Credentials;

public sealed class CredentialRefresherTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _bound = new(TimeSpan.FromSeconds(60));
    private readonly ManualClock _clock = new();
    private readonly ScriptedSource _source = new();
    private readonly RecordingLogger _log = new();
    private readonly CredentialStore _store;
    private readonly CredentialRefresher _refresher;
    private bool _stopped;

    public CredentialRefresherTests()
    {
        _store = new CredentialStore(_clock);
        _refresher = new CredentialRefresher(_source, _store, _clock, _log);
    }

    /// <summary>Minutes until they expire, and seconds until the source is asked again.</summary>
    [Theory]
    [InlineData(360, 355 * 60)]
    [InlineData(60, 55 * 60)]
    [InlineData(11, 6 * 60)]
    [InlineData(10, 5 * 60)]
    [InlineData(4, 2 * 60)]
    [InlineData(0.05, 1.5)]
    [InlineData(0, 1)]
    [InlineData(-60, 1)]
    public async Task Source_is_asked_again_before_they_expire(double minutes, double seconds)
    {
        await _source.AnswerAsync(Expiring("a", TimeSpan.FromMinutes(minutes)), _bound.Token);
        await WaitForPauseAsync(TimeSpan.FromSeconds(seconds));

        _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
        Assert.False(_source.IsAsked);
        _clock.Advance(TimeSpan.FromMilliseconds(1));

        await _source.AnswerAsync(Expiring("b", TimeSpan.FromHours(1)), _bound.Token);
        await WaitForPauseAsync(TimeSpan.FromMinutes(55));
        Assert.Equal("b", await RentIdAsync());
    }

    /// <summary>Timers take no more than some weeks: a longer wait was the end of refreshing.</summary>
    [Theory]
    [InlineData(30)]
    [InlineData(60)]
    [InlineData(30_000)]
    public async Task Source_is_asked_once_a_day_however_late_they_expire(int days)
    {
        await _source.AnswerAsync(Expiring("a", TimeSpan.FromDays(days)), _bound.Token);
        await WaitForPauseAsync(TimeSpan.FromDays(1));

        _clock.Advance(TimeSpan.FromDays(1));

        await _source.WaitAsync(_bound.Token);
    }

    [Fact]
    public async Task Source_of_credentials_without_an_end_is_asked_when_somebody_wants_newer_ones()
    {
        await _source.AnswerAsync(new TestCredentials("a").Timed(), _bound.Token);
        await _clock.WaitForTimerAsync(Second, _bound.Token);
        RefCounted<KmsCredentials> refused = (await _store.RentAsync(TimeSpan.FromHours(2), _bound.Token))!;
        _clock.Advance(Second);
        _clock.Advance(TimeSpan.FromDays(1000));
        Assert.False(_source.IsAsked);

        Task<RefCounted<KmsCredentials>?> renting = _store.RentAsync(refused, TimeSpan.FromHours(2), _bound.Token);
        await _source.AnswerAsync(new TestCredentials("b").Timed(), _bound.Token);

        Assert.Equal("b", (await renting.WaitAsync(_bound.Token))!.Value.AccessKeyId);
    }

    [Fact]
    public async Task Wanting_newer_ones_asks_once_a_second_at_most()
    {
        await _source.AnswerAsync(new TestCredentials("a").Timed(), _bound.Token);
        for (int i = 0; i < 3; i++)
        {
            await _clock.WaitForTimerAsync(Second, _bound.Token);
            RefCounted<KmsCredentials> refused = (await _store.RentAsync(TimeSpan.FromHours(1), _bound.Token))!;
            Task<RefCounted<KmsCredentials>?>[] renting =
                [.. Enumerable.Range(0, 100).Select(_ => _store.RentAsync(refused, TimeSpan.FromHours(1), _bound.Token))];
            _clock.Advance(Second - TimeSpan.FromTicks(1));
            Assert.False(_source.IsAsked);
            _clock.Advance(TimeSpan.FromTicks(1));

            await _source.AnswerAsync(new TestCredentials($"b{i}").Timed(), _bound.Token);
            Assert.All(await Task.WhenAll(renting).WaitAsync(_bound.Token), rented => Assert.Equal($"b{i}", rented!.Value.AccessKeyId));
        }

        await _clock.WaitForTimerAsync(Second, _bound.Token);
        _clock.Advance(Second);
        Assert.False(_source.IsAsked);
    }

    [Fact]
    public async Task Requests_that_waited_for_the_first_ones_do_not_have_the_source_asked_twice()
    {
        Task<RefCounted<KmsCredentials>?> renting = _store.RentAsync(TimeSpan.FromHours(1), _bound.Token);

        await _source.AnswerAsync(Expiring("a", TimeSpan.FromHours(1)), _bound.Token);

        Assert.Equal("a", (await renting.WaitAsync(_bound.Token))!.Value.AccessKeyId);
        await WaitForPauseAsync(TimeSpan.FromMinutes(55));
        _clock.Advance(TimeSpan.FromMinutes(54));
        Assert.False(_source.IsAsked);
    }

    [Fact]
    public async Task Source_that_fails_keeps_the_old_ones_and_is_asked_again_ever_later()
    {
        await _source.AnswerAsync(Expiring("a", TimeSpan.FromMinutes(60)), _bound.Token);
        await WaitForPauseAsync(TimeSpan.FromMinutes(55));
        _clock.Advance(TimeSpan.FromMinutes(55));

        foreach (int seconds in new[] { 1, 2, 4, 8, 16, 30, 30 })
        {
            await _source.FailAsync("no \u001b[31mway", _bound.Token);
            await WaitForPauseAsync(TimeSpan.FromSeconds(seconds));
            Assert.Equal("a", await RentIdAsync());
            _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.False(_source.IsAsked);
            _clock.Advance(TimeSpan.FromTicks(1));
        }

        await _source.AnswerAsync(Expiring("b", TimeSpan.FromMinutes(60)), _bound.Token);
        await WaitForPauseAsync(TimeSpan.FromMinutes(55));
        Assert.Equal("b", await RentIdAsync());
        Assert.Equal("No new AWS credentials from a script, next try in 1 s: no \\u001B[31mway", _log.Warnings.First());
        Assert.Equal(7, _log.Warnings.Count());
    }

    [Fact]
    public async Task Requests_wait_for_a_source_that_comes_to_work()
    {
        Task<RefCounted<KmsCredentials>?> renting = _store.RentAsync(TimeSpan.FromHours(1), _bound.Token);
        await _source.FailAsync("not yet", _bound.Token);
        await _clock.WaitForTimerAsync(Second, _bound.Token);
        _clock.Advance(Second);

        await _source.AnswerAsync(new TestCredentials("a").Timed(), _bound.Token);

        Assert.Equal("a", (await renting.WaitAsync(_bound.Token))!.Value.AccessKeyId);
    }

    [Fact]
    public async Task DisposeAsync_ends_asking()
    {
        await _source.WaitAsync(_bound.Token);

        await StopAsync();

        Task<RefCounted<KmsCredentials>?> renting = _store.RentAsync(TimeSpan.FromHours(1), _bound.Token);
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(await renting.WaitAsync(_bound.Token));
        Assert.False(_source.IsAsked);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        if (!_stopped)
        {
            await StopAsync();
        }
    }

    public void Dispose()
    {
        _store.Dispose();
        _bound.Dispose();
    }

    private async Task StopAsync()
    {
        _stopped = true;
        await _refresher.DisposeAsync().AsTask().WaitAsync(_bound.Token);
    }

    private TimedCredentials Expiring(string id, TimeSpan lifetime) => new TestCredentials(id).Timed(_clock.GetUtcNow() + lifetime);

    // There are two timers: that of the pause, and that of the shortest one.
    private async Task WaitForPauseAsync(TimeSpan wait)
    {
        await _clock.WaitForTimerAsync(wait, _bound.Token);
        await _clock.WaitForTimerAsync(Second, _bound.Token, count: wait == Second ? 2 : 1);
    }

    private async Task<string?> RentIdAsync()
    {
        RefCounted<KmsCredentials>? rented = await _store.RentAsync(TimeSpan.Zero, _bound.Token);
        string? id = rented?.Value.AccessKeyId;
        rented?.Release();
        return id;
    }
}
