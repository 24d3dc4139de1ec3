using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Credentials;

/// <summary>Gets credentials.</summary>
internal interface ICredentialSource
{
    /// <summary>Asks anew, each time: what it gave before may have expired. The caller disposes the result.</summary>
    /// <exception cref="CredentialException">There are none.</exception>
    public Task<InstanceCredentials> ResolveAsync(CancellationToken cancellationToken);
}

/// <summary>Credentials that are asked for again before they expire. For many users at once; one asks for all.</summary>
/// <param name="source">Gets them.</param>
/// <param name="time">Tells when they expire.</param>
/// <param name="logger">Learns of renewals.</param>
/// <param name="describe">Says for the log why there are no new ones; <see langword="null"/> for the message of the exception.</param>
internal sealed partial class FreshCredentials(
    ICredentialSource source, TimeProvider time, ILogger logger, Func<CredentialException, string?>? describe = null) : IDisposable
{
    // New ones are to be had at least five minutes before the old ones expire (Amazon EC2 User Guide, "Retrieve security
    // credentials from instance metadata"): sooner would only give the same.
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(4);

    // Where new ones are no fresher, the source is not asked for every command.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(20);

    private readonly SemaphoreSlim _asking = new(1);

    // The old ones are cleared under it, and copied: no copy is made of what is being cleared.
    private readonly Lock _replacing = new();
    private volatile Held? _held;

    /// <summary>Sees to it that there are credentials to use.</summary>
    /// <param name="expired">Those that KMS says have expired; 0 for none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Their number, from 1 on; each set that comes has the next.</returns>
    /// <exception cref="CredentialException">There are none.</exception>
    public async ValueTask<int> EnsureAsync(int expired, CancellationToken cancellationToken)
    {
        Held? held = _held;
        if (held is not null && IsGood(held, expired))
        {
            return held.Number;
        }

        await _asking.WaitAsync(cancellationToken);
        try
        {
            held = _held;
            if (held is not null && IsGood(held, expired))
            {
                return held.Number;
            }

            InstanceCredentials found = await source.ResolveAsync(cancellationToken);
            if (held is not null)
            {
                Log.CredentialsRenewed(logger);
            }

            var next = new Held(found, (held?.Number ?? 0) + 1, time.GetTimestamp());
            lock (_replacing)
            {
                _held = next;
                held?.Credentials.Dispose();
            }

            return next.Number;
        }
        catch (CredentialException e) when (held is not null && held.Number != expired && held.Credentials.Expiration > time.GetUtcNow())
        {
            // The old ones still work for a while, in which the source may come back.
            Log.CredentialsNotRenewed(logger, TerminalText.Neutralize(describe?.Invoke(e) ?? e.Message));
            _held = held with { At = time.GetTimestamp() };
            return held.Number;
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <summary>The command that gives an enclave those of the last <see cref="EnsureAsync"/>; the caller disposes of it.</summary>
    public SetClientCommand ToSetClient(string? region)
    {
        lock (_replacing)
        {
            return Current.ToSetClient(region);
        }
    }

    /// <summary>The command that gives an enclave's KMS proxy those of the last <see cref="EnsureAsync"/>; the caller disposes of it.</summary>
    public PushCredentialsCommand ToPush()
    {
        lock (_replacing)
        {
            return Current.ToPush();
        }
    }

    public void Dispose()
    {
        _held?.Credentials.Dispose();
        _asking.Dispose();
    }

    private InstanceCredentials Current => (_held ?? throw new InvalidOperationException("There are no credentials yet.")).Credentials;

    private bool IsGood(Held held, int expired) => held.Number != expired
        && (held.Credentials.Expiration is not { } expiration
            || expiration - time.GetUtcNow() > Margin
            || time.GetElapsedTime(held.At) < Pause);

    private sealed record Held(InstanceCredentials Credentials, int Number, long At);

    private static partial class Log
    {
        [LoggerMessage(4, LogLevel.Debug, "credentials asked for anew, as the others expire")]
        public static partial void CredentialsRenewed(ILogger logger);

        [LoggerMessage(5, LogLevel.Warning, "the credentials expire soon and could not be renewed; goes on with them and asks again: {Reason}")]
        public static partial void CredentialsNotRenewed(ILogger logger, string reason);
    }
}
