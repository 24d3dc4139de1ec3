using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy.Destinations;

/// <summary>
/// Knows the addresses of a name. One lookup runs at a time, whoever waits for it; once there are addresses nobody waits: old
/// ones are good until a newer lookup succeeds.
/// </summary>
internal sealed class NameResolver(string name, AddressFamily family, NameLookup lookup, TimeProvider time, ILogger logger)
{
    // The system does not tell the records' time to live.
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60);

    // A destination that refuses connections, or names that cannot be resolved, shall not flood the name servers.
    private static readonly TimeSpan MinAge = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(10);

    private const int MaxAddresses = 16;

    private readonly Lock _lock = new();
    private Resolution? _latest;
    private Task<Resolution>? _running;
    private long? _failed;

    /// <summary>The addresses at hand, or those that the first lookup gives.</summary>
    /// <exception cref="DestinationException">There are none.</exception>
    public Task<Resolution> ResolveAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_latest is null)
                return Start().WaitAsync(cancellationToken);

            if (time.GetElapsedTime(_latest.Timestamp) >= MaxAge && (_failed is not { } failed || time.GetElapsedTime(failed) >= PauseAfterFailure))
                _ = Start();

            return Task.FromResult(_latest);
        }
    }

    /// <summary>
    /// Looks the name up anew, as none of these addresses could be reached; gives the same when a lookup has only just made
    /// them or fails.
    /// </summary>
    public Task<Resolution> ResolveAgainAsync(Resolution unreachable, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_latest is not null && (_latest != unreachable || time.GetElapsedTime(unreachable.Timestamp) < MinAge))
                return Task.FromResult(_latest);

            return Start().WaitAsync(cancellationToken);
        }
    }

    private Task<Resolution> Start() => _running ??= Task.Run(LookUpAsync);

    private async Task<Resolution> LookUpAsync()
    {
        try
        {
            IPAddress[] addresses = await AskAsync();
            lock (_lock)
            {
                _running = null;
                _failed = null;
                return _latest = new Resolution(addresses, time.GetTimestamp());
            }
        }
        catch (DestinationException e)
        {
            Resolution? old;
            lock (_lock)
            {
                _running = null;
                _failed = time.GetTimestamp();
                old = _latest;
            }

            if (old is null)
                throw;

            Log.NameNotResolvedAgain(logger, e.Message);
            return old;
        }
    }

    private async Task<IPAddress[]> AskAsync()
    {
        using var timer = new CancellationTokenSource(LookupTimeout, time);
        try
        {
            IPAddress[] found = await lookup(name, family, timer.Token).WaitAsync(timer.Token);
            IPAddress[] fitting =
                [.. found.Select(SpecialAddresses.Normalize).Where(address => family == AddressFamily.Unspecified || address.AddressFamily == family).Distinct().Take(MaxAddresses)];
            return fitting.Length > 0 ? fitting : throw new DestinationException(DestinationFailure.Unresolved, $"{name} has no {Describe(family)}");
        }
        catch (OperationCanceledException e)
        {
            throw new DestinationException(DestinationFailure.Unresolved, $"looking {name} up took more than {LookupTimeout.TotalSeconds:0} s", e);
        }
        catch (Exception e) when (e is not DestinationException)
        {
            // Whatever goes wrong in the system's resolver concerns this lookup only.
            throw new DestinationException(DestinationFailure.Unresolved, $"looking {name} up failed: {e.Message}", e);
        }
    }

    private static string Describe(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => "IPv4 address",
        AddressFamily.InterNetworkV6 => "IPv6 address",
        _ => "address",
    };
}
