using KmsTool.Protocol;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Credentials;

/// <summary>Keeps a store filled from a source: asks again well before credentials expire, and sooner and sooner where that fails.</summary>
internal sealed class CredentialRefresher : IAsyncDisposable
{
    // Instance metadata has new credentials at least five minutes before the old ones expire (EC2 user guide, "Use instance
    // profiles"), so asking within that window gets new ones.
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // Timers take no more than some weeks.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly ICredentialSource _source;
    private readonly CredentialStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public CredentialRefresher(ICredentialSource source, CredentialStore store, TimeProvider time, ILogger logger)
    {
        _source = source;
        _store = store;
        _time = time;
        _logger = logger;
        store.Wanted += Wake;
        _running = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        _store.Wanted -= Wake;
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        _wanted.Dispose();
    }

    private void Wake()
    {
        lock (_wanted)
        {
            if (_wanted.CurrentCount == 0)
            {
                _wanted.Release();
            }
        }
    }

    private async Task RunAsync()
    {
        TimeSpan pause = ShortestPause;
        while (true)
        {
            TimeSpan wait;
            try
            {
                TimedCredentials fetched = await _source.FetchAsync(_stop.Token);
                wait = UntilRefresh(fetched.Expiration);
                // Whoever has waited for these has them now; whoever needs newer ones says so again.
                _wanted.Wait(0);
                _store.Put(fetched);
                Log.CredentialsRefreshed(_logger, _source.Name, fetched.Expiration);
                pause = ShortestPause;
            }
#pragma warning disable CA1031 // A fault of ours must not end the renewals; its text might quote an answer, so only its type is told.
            catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
            {
                string reason = e is CredentialException ? TerminalText.Neutralize(e.Message) : $"a fault of this program: {e.GetType().Name}";
                Log.CredentialsNotRefreshed(_logger, _source.Name, pause.TotalSeconds, reason);
                wait = pause;
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }

            await PauseAsync(wait);
        }
    }

    /// <summary>Waits for this time, or until somebody wants newer ones.</summary>
    private async Task PauseAsync(TimeSpan wait)
    {
        using var due = new CancellationTokenSource(wait, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(due.Token, _stop.Token);
        // However often somebody wants newer ones, the source is asked once a second at most.
        await Task.Delay(ShortestPause, _time, _stop.Token);
        try
        {
            await _wanted.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // It is time, though nobody has asked.
        }
    }

    private TimeSpan UntilRefresh(DateTimeOffset? expiration)
    {
        if (expiration is not { } end)
        {
            return Timeout.InfiniteTimeSpan;
        }

        TimeSpan left = end - _time.GetUtcNow();
        // Short-lived ones get half of their time.
        TimeSpan wait = left > 2 * Ahead ? left - Ahead : left / 2;
        return wait < ShortestPause ? ShortestPause : wait < LongestWait ? wait : LongestWait;
    }
}

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(40, LogLevel.Information, "AWS credentials from {Source}; they expire {Expiration:u}")]
    public static partial void CredentialsRefreshed(ILogger logger, string source, DateTimeOffset? expiration);

    [LoggerMessage(41, LogLevel.Warning, "No new AWS credentials from {Source}, next try in {Seconds} s: {Reason}")]
    public static partial void CredentialsNotRefreshed(ILogger logger, string source, double seconds, string reason);
}
