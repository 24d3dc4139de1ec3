using KmsTool.Enclave.Kms;
using KmsTool.Protocol;

namespace KmsTool.Enclave.Credentials;

/// <summary>
/// The credentials that requests are signed with. Newer ones take the place of older ones while requests are under way; each
/// request keeps those that it began with, which are cleared with its end.
/// </summary>
internal sealed class CredentialStore(TimeProvider time) : IDisposable
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _next = NewSource();
    private RefCounted<KmsCredentials>? _current;
    private DateTimeOffset? _expiration;

    /// <summary>Called when somebody needs newer credentials than there are; may be called often.</summary>
    public event Action? Wanted;

    /// <summary>Takes credentials for all requests from now on.</summary>
    /// <param name="credentials">Owned from here on.</param>
    public void Put(TimedCredentials credentials)
    {
        RefCounted<KmsCredentials>? old;
        TaskCompletionSource arrived;
        lock (_lock)
        {
            (old, _current) = (_current, new RefCounted<KmsCredentials>(credentials.Credentials));
            _expiration = credentials.Expiration;
            (arrived, _next) = (_next, NewSource());
        }

        old?.Release();
        arrived.SetResult();
    }

    /// <summary>The current credentials; waits for some that are good where there are none.</summary>
    /// <param name="patience">Longest wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>To be released. Those that seem to have expired when no others are there by then; <see langword="null"/> when there are none.</returns>
    public Task<RefCounted<KmsCredentials>?> RentAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        RentAsync(null, patience, cancellationToken);

    /// <summary>Credentials that have come after <paramref name="refused"/>, which KMS takes no more; waits for them.</summary>
    /// <param name="refused">What was rented.</param>
    /// <param name="patience">Longest wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns><see langword="null"/> when none have come by then. To be released.</returns>
    public async Task<RefCounted<KmsCredentials>?> RentAsync(RefCounted<KmsCredentials>? refused, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(patience, time, cancellationToken);
        while (true)
        {
            Task next;
            lock (_lock)
            {
                if (_current is { } current && current != refused && !(_expiration <= time.GetUtcNow()) && current.TryUse())
                {
                    return current;
                }

                next = _next.Task;
            }

            Wanted?.Invoke();
            try
            {
                await next.WaitAsync(deadline.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return TryRentExpired(refused);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _current?.Release();
            _current = null;
        }
    }

    // Whether they have expired is for KMS to say: the enclave's clock need not be right.
    private RefCounted<KmsCredentials>? TryRentExpired(RefCounted<KmsCredentials>? refused)
    {
        lock (_lock)
        {
            return _current is { } current && current != refused && current.TryUse() ? current : null;
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>AWS credentials and when they expire.</summary>
/// <param name="Credentials">Owned by the holder of this record.</param>
/// <param name="Expiration">Time of their end; <see langword="null"/> where they have none.</param>
internal sealed record TimedCredentials(KmsCredentials Credentials, DateTimeOffset? Expiration);
