using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// Knows the addresses of a name. One lookup runs at a time for all callers. Once there are addresses, they are used until a
/// newer lookup succeeds. Callers wait for that only if the addresses are very old.
/// </summary>
internal sealed class NameResolver(string name, AddressFamily family, LookupThreads threads, TimeProvider time, ILogger logger)
{
    // The system does not tell the records' time to live.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60);

    // Addresses that have not been used for so long may belong to others by now, which need not even refuse connections. Where the
    // name servers do not answer they are still the best that there is.
    private static readonly TimeSpan MaxAgeUnchecked = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan TimeForCheck = TimeSpan.FromSeconds(1);

    // A destination that refuses connections, or names that cannot be resolved, must not flood the name servers.
    private static readonly TimeSpan MinAge = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(10);

    private const int MaxAddresses = 16;

    private readonly Lock _lock = new();
    private Resolution? _latest;
    private (DestinationException Failure, long Timestamp)? _failed;
    private RunningLookup? _running;

    /// <summary>The addresses at hand, or those that a lookup gives.</summary>
    /// <param name="requester">In whose share of the lookups it falls.</param>
    /// <param name="cancellationToken">Ends the wait; a lookup without waiting callers is not begun.</param>
    /// <exception cref="DestinationException">There are none.</exception>
    public Task<Resolution> ResolveAsync(string requester, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_latest is null)
            {
                return HasFailedWithin(MinAge) ? throw RepeatFailure() : WaitAsync(Join(requester) ?? throw RefuseTooMany(), requester, cancellationToken);
            }

            TimeSpan age = time.GetElapsedTime(_latest.Timestamp);
            if (age >= MaxAge && !HasFailedWithin(PauseAfterFailure) && Refresh(requester) is { } lookup && age >= MaxAgeUnchecked)
            {
                return CheckAsync(_latest, lookup, cancellationToken);
            }

            return Task.FromResult(_latest);
        }
    }

    /// <summary>
    /// Looks the name up anew, as none of these addresses could be reached; gives the same when a lookup has only just ended or
    /// fails. The lookup is made even if the token is cancelled: for those who ask next.
    /// </summary>
    public Task<Resolution> ResolveAgainAsync(Resolution unreachable, string requester, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Resolution latest = _latest ?? unreachable;
            bool isRecent = latest != unreachable || time.GetElapsedTime(latest.Timestamp) < MinAge || HasFailedWithin(MinAge);
            return isRecent || Refresh(requester) is not { } lookup ? Task.FromResult(latest) : lookup.Resolution.WaitAsync(cancellationToken);
        }
    }

    private bool HasFailedWithin(TimeSpan age) => _failed is { Timestamp: var timestamp } && time.GetElapsedTime(timestamp) < age;

    private RunningLookup? Join(string requester)
    {
        if (!threads.TryJoin(name, family, requester, out PendingLookup? pending))
        {
            return null;
        }

        if (_running?.Pending != pending)
        {
            _running = new RunningLookup(pending, Task.Run(() => ConcludeAsync(pending)), time.GetTimestamp());
        }

        return _running;
    }

    /// <summary>Starts a lookup even if no one waits for it; <see langword="null"/> when there are too many.</summary>
    private RunningLookup? Refresh(string requester)
    {
        RunningLookup? lookup = Join(requester);
        if (lookup is not null)
        {
            _ = WaitAsync(lookup, requester, CancellationToken.None);
        }

        return lookup;
    }

    private async Task<Resolution> WaitAsync(RunningLookup lookup, string requester, CancellationToken cancellationToken)
    {
        try
        {
            return await lookup.Resolution.WaitAsync(cancellationToken);
        }
        finally
        {
            threads.Leave(lookup.Pending, requester);
        }
    }

    private async Task<Resolution> CheckAsync(Resolution old, RunningLookup lookup, CancellationToken cancellationToken)
    {
        // Where name servers do not answer, the wait is that of the first one alone.
        TimeSpan left = TimeForCheck - time.GetElapsedTime(lookup.Began);
        try
        {
            return await lookup.Resolution.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            return old;
        }
    }

    private async Task<Resolution> ConcludeAsync(PendingLookup pending)
    {
        try
        {
            IPAddress[] addresses = await GetAnswerAsync(pending);
            lock (_lock)
            {
                ForgetRunning(pending);
                _failed = null;
                return _latest = new Resolution(addresses, time.GetTimestamp());
            }
        }
        catch (DestinationException e)
        {
            Resolution? old;
            lock (_lock)
            {
                ForgetRunning(pending);
                _failed = (e, time.GetTimestamp());
                old = _latest;
            }

            if (old is null)
            {
                throw;
            }

            Log.NameNotResolvedAgain(logger, e.Message);
            return old;
        }
        catch (OperationCanceledException)
        {
            // All callers stopped waiting, which says nothing about the name.
            lock (_lock)
            {
                ForgetRunning(pending);
            }

            throw;
        }
    }

    private void ForgetRunning(PendingLookup pending)
    {
        // The next may run already.
        if (_running?.Pending == pending)
        {
            _running = null;
        }
    }

    private async Task<IPAddress[]> GetAnswerAsync(PendingLookup pending)
    {
        using var timer = new CancellationTokenSource(LookupTimeout, time);
        try
        {
            IPAddress[] found = await pending.Answer.WaitAsync(timer.Token);
            IPAddress[] fitting =
                [.. found.Select(SpecialAddresses.Normalize).Where(address => family == AddressFamily.Unspecified || address.AddressFamily == family).Distinct().Take(MaxAddresses)];
            return fitting.Length > 0 ? fitting : throw new DestinationException(DestinationFailure.Unresolved, $"{name} has no {Describe(family)}");
        }
        catch (OperationCanceledException e) when (timer.IsCancellationRequested)
        {
            throw new DestinationException(DestinationFailure.Unresolved, $"looking {name} up took more than {LookupTimeout.TotalSeconds:0} s", e);
        }
        catch (Exception e) when (e is not (DestinationException or OperationCanceledException))
        {
            throw new DestinationException(DestinationFailure.Unresolved, $"looking {name} up failed: {e.Message}", e);
        }
    }

    // Each connection gets an exception of its own.
    private DestinationException RepeatFailure() => new(_failed!.Value.Failure.Failure, _failed.Value.Failure.Message, _failed.Value.Failure);

    private DestinationException RefuseTooMany() => new(DestinationFailure.Unresolved, $"too many names are being looked up already; {name} is not");

    private static string Describe(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => "IPv4 address",
        AddressFamily.InterNetworkV6 => "IPv6 address",
        _ => "address",
    };
}

/// <summary>The addresses that a name had.</summary>
/// <param name="Addresses">At least one, in the order in which the system prefers them.</param>
/// <param name="Timestamp">When they came, on the <see cref="TimeProvider"/>'s clock.</param>
internal sealed record Resolution(IReadOnlyList<IPAddress> Addresses, long Timestamp);

/// <summary>A lookup and what comes of it.</summary>
/// <param name="Pending">The lookup.</param>
/// <param name="Resolution">The addresses to go on with, old ones where the lookup fails and there are any.</param>
/// <param name="Began">When it was asked for, on the <see cref="TimeProvider"/>'s clock.</param>
internal sealed record RunningLookup(PendingLookup Pending, Task<Resolution> Resolution, long Began);

/// <summary>What the lookups of names log.</summary>
internal static partial class Log
{
    [LoggerMessage(29, LogLevel.Warning, "{Reason}; goes on with the addresses it had")]
    public static partial void NameNotResolvedAgain(ILogger logger, string reason);
}
