using KmsTool.CommandLine;
using KmsTool.Instance.Batch;
using KmsTool.Instance.Client;
using KmsTool.Instance.Credentials;
using KmsTool.Instance.Progress;
using KmsTool.Networking;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Takes credentials and many ciphertexts to the enclave, prints what comes back and how many it was.</summary>
internal static class BatchAction
{
    /// <returns>Failed if any line did.</returns>
    /// <exception cref="CommandFailedException">It could not be begun, or not be brought to its end.</exception>
    public static async Task<ExitCode> RunAsync(BatchRequest request, CancellationToken cancellationToken)
    {
        ReserveThreads();
        await using BatchInput input = await BatchInput.OpenAsync(request.Options.Path, cancellationToken);
        var tally = new BatchTally();
        Task runAsync() => ConnectAndRunAsync(request, input, tally, cancellationToken);
        if (TerminalProgress.Create(isOutputWritten: true) is { } progress)
        {
            await progress.ShowAsync(tally.Describe, () => tally.Bytes, input.Length, TimeProvider.System, runAsync);
        }
        else
        {
            await runAsync();
        }

        return tally.Failed == 0 ? ExitCode.Success : ExitCode.OperationFailed;
    }

    private static async Task ConnectAndRunAsync(BatchRequest request, BatchInput input, BatchTally tally, CancellationToken cancellationToken)
    {
        // A progress bar keeps what is written through the console from tearing it.
        using ILoggerFactory loggers = LogOutput.Create(request.Enclave.LogLevel, Console.Error);
        ILogger logger = loggers.CreateLogger(DecryptCommandLine.Name);
        var source = new CredentialSource(request.Enclave.Credentials!, TimeProvider.System, logger);
        using var credentials = new FreshCredentials(source, TimeProvider.System, logger);
        // Before anybody is connected to: without credentials there is nothing to say there.
        await credentials.EnsureAsync(expired: 0, cancellationToken);
        var waits = new WaitNotice(logger, TimeProvider.System);
        SessionRegion? region = await EnclaveCommand.FindRegionAsync(request.Enclave, request.Command, source, cancellationToken);
        Task<EnclaveSession> openAsync(CancellationToken token) =>
            EnclaveCommand.OpenSessionAsync(request.Enclave, credentials, region, waits, logger, token);
        BatchSessions sessions = await BatchSessions.BeginAsync(
            request.Enclave.Address, request.Options.Connections, openAsync, waits, Console.Error, cancellationToken);
        await using (sessions.First)
        {
            await RunToSummaryAsync(request, input, sessions, tally, waits, cancellationToken);
        }
    }

    private static async Task RunToSummaryAsync(
        BatchRequest request, BatchInput input, BatchSessions sessions, BatchTally tally, WaitNotice waits, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        await using Stream stream = Console.OpenStandardOutput();
        using var output = new BatchOutput(stream, StandardOutputPipe.HasReader);
        var batch = new DecryptBatch(request.Command, request.Options, tally, waits, TimeProvider.System);
        try
        {
            await batch.RunAsync(new BatchLineReader(input.Stream), sessions, output, Console.Error, cancellationToken);
        }
        finally
        {
            await Console.Error.WriteLineAsync(tally.Summarize(TimeProvider.System.GetElapsedTime(start)));
        }
    }

    // Reading stdin and writing to stdout may each block a thread of the pool for long.
    private static void ReserveThreads()
    {
        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(workers + 2, completions);
    }
}
