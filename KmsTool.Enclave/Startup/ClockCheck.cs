using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Nsm;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Startup;

/// <summary>
/// Compares the clock with the Nitro Secure Module's, at start and while the enclave runs: whether a certificate or
/// credentials have expired depends on the clock.
/// </summary>
internal sealed class ClockCheck(INsm nsm, StartupSettings options, TimeProvider time, ILogger logger)
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan MaxDifference = TimeSpan.FromMinutes(1);

    /// <summary>Compares the clock at start.</summary>
    /// <returns>The document that tells the time; <see langword="null"/> where the Nitro Secure Module gives none.</returns>
    /// <exception cref="StartupException">The clock is wrong or cannot be compared, and that is refused.</exception>
    public async Task<AttestationDocument?> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await CompareAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or NsmException or AttestationRejectedException)
        {
            if (options.RefuseClockSkew)
            {
                throw new StartupException(StartupFailure.ClockUnknown, $"The clock could not be compared with the Nitro Secure Module's: {e.Message}", e);
            }

            Log.ClockNotChecked(logger, e.Message);
            return null;
        }
    }

    /// <summary>Runs <paramref name="serve"/> and compares the clock meanwhile.</summary>
    /// <param name="serve">Serves until its token is cancelled.</param>
    /// <param name="stopping">Ends both.</param>
    /// <exception cref="StartupException">The clock has become wrong, which is refused; what was served has ended.</exception>
    public async Task GuardAsync(Func<CancellationToken, Task> serve, CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Task watching = WatchAsync(ending.Token);
        Task serving = serve(ending.Token);
        await Task.WhenAny(watching, serving);
        await ending.CancelAsync();
        await serving;
        await watching;
    }

    private async Task WatchAsync(CancellationToken stopping)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Interval, time, stopping);
                try
                {
                    await CompareAsync(stopping);
                }
                catch (Exception e) when (e is IOException or NsmException or AttestationRejectedException)
                {
                    // Not refused: an enclave whose module does not attest gets nothing from KMS that is meant for it alone.
                    Log.ClockNotChecked(logger, e.Message);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The end of what is served.
        }
    }

    private async Task<AttestationDocument> CompareAsync(CancellationToken cancellationToken)
    {
        DateTimeOffset before = time.GetUtcNow();
        NsmResponse.Attestation attestation = await nsm.AskAsync<NsmResponse.Attestation>(
            new NsmRequest.Attestation(UserData: null, Nonce: null, PublicKey: null), cancellationToken);
        DateTimeOffset after = time.GetUtcNow();
        // Not verified, as it comes from this enclave's own device; QEMU's are not signed.
        AttestationDocument document = AttestationPayload.Read(CoseSign1.ParseAnyAlgorithm(attestation.Document).Payload);
        // The time that the module takes to attest, which may be long, is not a difference.
        TimeSpan difference = document.Timestamp < before ? before - document.Timestamp
            : document.Timestamp > after ? after - document.Timestamp
            : TimeSpan.Zero;
        if (difference.Duration() > MaxDifference)
        {
            Log.ClockDiffers(logger, difference);
            if (options.RefuseClockSkew)
            {
                throw new StartupException(StartupFailure.ClockDiffers, $"The clock differs by {difference} from the Nitro Secure Module's");
            }
        }

        return document;
    }
}
