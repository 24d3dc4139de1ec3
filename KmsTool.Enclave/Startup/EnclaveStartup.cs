using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Nsm;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Startup;

/// <summary>
/// What a fresh enclave needs before it serves: entropy and a loopback interface; and a look at what would make it less
/// safe than it seems, which is a warning unless an option refuses it.
/// </summary>
internal sealed class EnclaveStartup(INsm nsm, StartupSettings options, TimeProvider time, ILogger logger)
{
    /// <exception cref="StartupException">An option refuses what was found.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var random = new RandomSeed(nsm, options, logger);
        await random.SeedAsync(cancellationToken);
        random.CheckSource();
        if (options.BringsUpLoopback)
        {
            BringUpLoopback();
        }

        AttestationDocument? document = await new ClockCheck(nsm, options, time, logger).RunAsync(cancellationToken);
        if (await IsDebugModeAsync(document, cancellationToken))
        {
            AnnounceDebugMode();
        }
    }

    private void BringUpLoopback()
    {
        try
        {
            if (LoopbackInterface.BringUp())
            {
                Log.LoopbackBroughtUp(logger);
            }
        }
        catch (IOException e)
        {
            Log.LoopbackDown(logger, e.Message);
        }
    }

    // Either may show it: KMS looks at the document's PCRs.
    private async Task<bool> IsDebugModeAsync(AttestationDocument? document, CancellationToken cancellationToken)
    {
        if (document is { IsDebug: true })
        {
            return true;
        }

        try
        {
            NsmResponse.DescribePcr image = await nsm.AskAsync<NsmResponse.DescribePcr>(new NsmRequest.DescribePcr(0), cancellationToken);
            return !image.Data.Span.ContainsAnyExcept((byte)0);
        }
        catch (Exception e) when (e is IOException or NsmException)
        {
            if (options.RefuseDebugMode)
            {
                throw new StartupException(StartupFailure.ImageUnknown, $"The Nitro Secure Module does not tell PCR0: {e.Message}", e);
            }

            Log.MeasurementUnknown(logger, e.Message);
            return false;
        }
    }

    private void AnnounceDebugMode()
    {
        Log.DebugMode(logger);
        if (options.RefuseDebugMode)
        {
            throw new StartupException(StartupFailure.DebugMode, "The enclave is in debug mode (PCR0 is all zeros)");
        }
    }
}
