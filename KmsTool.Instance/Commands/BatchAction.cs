using System.CommandLine;
using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Instance.Batch;
using KmsTool.Instance.Client;
using KmsTool.Instance.Credentials;
using KmsTool.Networking;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Takes credentials and many ciphertexts to the enclave, prints what comes back and how many it was.</summary>
internal static class BatchAction
{
    /// <returns>Failed if any line did.</returns>
    /// <exception cref="CommandFailedException">It could not be begun, or not be brought to its end.</exception>
    public static async Task<ExitCode> RunAsync(BatchSettings request, CancellationToken cancellationToken)
    {
        ReserveThreads();
        await using Stream input = await InputFile.OpenAsync(request.Path, "The batch", cancellationToken);
        var tally = new BatchTally();
        Task runAsync() => ConnectAndRunAsync(request, input, tally, cancellationToken);
        if (TerminalProgress.Create(isOutputWritten: true) is { } progress)
        {
            long? length = input is FileStream { CanSeek: true } ? input.Length : null;
            await progress.ShowAsync(tally.Describe, () => tally.Bytes, length, TimeProvider.System, runAsync);
        }
        else
        {
            await runAsync();
        }

        return tally.Failed == 0 ? ExitCode.Success : ExitCode.OperationFailed;
    }

    private static async Task ConnectAndRunAsync(BatchSettings request, Stream input, BatchTally tally, CancellationToken cancellationToken)
    {
        // A progress bar keeps what is written through the console from tearing it.
        using ILoggerFactory loggers = LogOutput.Create(request.Enclave.LogLevel, Console.Error);
        ILogger logger = loggers.CreateLogger(DecryptCommandLine.Name);
        var source = new CredentialSource(request.Enclave.Credentials!, TimeProvider.System, logger);
        using var credentials = new FreshCredentials(source, TimeProvider.System, logger, Failures.Explain);
        // Without credentials there is no reason to connect.
        await credentials.EnsureAsync(expired: 0, cancellationToken);
        var waits = new WaitNotice(logger, TimeProvider.System);
        SessionRegion? region = await EnclaveAction.FindRegionAsync(request.Enclave, request.Command, source, cancellationToken);
        Task<EnclaveSession> openAsync(CancellationToken token) =>
            EnclaveAction.OpenSessionAsync(request.Enclave, credentials, region, waits, logger, token);
        BatchSessions sessions = await BatchSessions.BeginAsync(
            request.Enclave.Address, request.Connections, openAsync, waits, cancellationToken);
        await using (sessions.First)
        {
            if (sessions.IsServedSingly)
            {
                await Console.Error.WriteLineAsync(
                    $"The enclave at {sessions.Address} is not kmstool-enclave, and the AWS sample serves one connection at a time: "
                    + "the batch uses one. --connections 1 omits this note.");
            }

            await RunToSummaryAsync(request, input, sessions, tally, waits, cancellationToken);
        }
    }

    private static async Task RunToSummaryAsync(
        BatchSettings request, Stream input, BatchSessions sessions, BatchTally tally, WaitNotice waits, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        await using Stream stream = Console.OpenStandardOutput();
        using var output = new BatchOutput(stream, StandardOutputPipe.HasReader, request.Format, Console.Error);
        var batch = new DecryptBatch(request.Command, request.ContinuesOnError, tally, waits, TimeProvider.System);
        try
        {
            await batch.RunAsync(new BatchLineReader(input), sessions, output, cancellationToken);
        }
        finally
        {
            await Console.Error.WriteLineAsync(Summarize(tally, TimeProvider.System.GetElapsedTime(start)));
        }
    }

    private static string Summarize(BatchTally tally, TimeSpan elapsed)
    {
        double rate = (tally.Decrypted + tally.Failed) / Math.Max(elapsed.TotalSeconds, 0.001);
        string stopped = tally.StoppedAt == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture, $"; stopped at line {tally.StoppedAt}, which failed (--continue-on-error goes on)");
        return string.Create(CultureInfo.InvariantCulture, $"{tally.Describe()} in {elapsed.TotalSeconds:0.0} s ({rate:0}/s){stopped}");
    }

    // Reading stdin and writing to stdout may each block a thread of the pool for long.
    private static void ReserveThreads()
    {
        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(workers + 2, completions);
    }
}

/// <summary>The options of a batch.</summary>
internal sealed class BatchOptions
{
    private readonly Option<string?> _batch = new("--batch");
    private readonly Option<int> _connections =
        CommonOptions.Number("--connections", BatchSessions.DefaultConnections, atLeast: 1, BatchSessions.MaxConnections);
    private readonly Option<bool> _continueOnError = new("--continue-on-error");

    public void AddTo(Command command)
    {
        command.Add(_batch);
        command.Add(_connections);
        command.Add(_continueOnError);
    }

    /// <summary>Whether a batch is asked for.</summary>
    public bool IsGiven(ParseResult parseResult) => parseResult.GetValue(_batch) is not null;

    /// <exception cref="CommandFailedException">An option is there that only a batch has.</exception>
    public void CheckAbsent(ParseResult parseResult)
    {
        foreach (Option option in (Option[])[_connections, _continueOnError])
        {
            if (parseResult.GetResult(option) is { Implicit: false })
            {
                throw new CommandFailedException(ExitCode.WrongUsage, $"{option.Name} goes with --batch only.");
            }
        }
    }

    /// <param name="parseResult">The command line.</param>
    /// <param name="enclave">Which enclave decrypts.</param>
    /// <param name="command">All of the commands but their ciphertexts.</param>
    /// <param name="format">How plaintexts are written; not <see cref="OutputFormat.Raw"/>.</param>
    public BatchSettings Bind(ParseResult parseResult, EnclaveClientSettings enclave, DecryptCommand command, OutputFormat format) => new()
    {
        Enclave = enclave,
        Command = command,
        Path = parseResult.GetRequiredValue(_batch)!,
        Connections = parseResult.GetValue(_connections),
        ContinuesOnError = parseResult.GetValue(_continueOnError),
        Format = format,
    };
}

/// <summary>A decrypt command line with <c>--batch</c>, checked.</summary>
internal sealed record BatchSettings
{
    public required EnclaveClientSettings Enclave { get; init; }

    /// <summary>All of the commands but their ciphertexts.</summary>
    public required DecryptCommand Command { get; init; }

    /// <summary>A file, or <see cref="InputFile.StandardInput"/>.</summary>
    public required string Path { get; init; }

    /// <summary>1 to <see cref="BatchSessions.MaxConnections"/>.</summary>
    public int Connections { get; init; } = BatchSessions.DefaultConnections;

    /// <summary>Whether lines are decrypted that follow one that failed.</summary>
    public bool ContinuesOnError { get; init; }

    /// <summary>How each plaintext is written, one a line; not <see cref="OutputFormat.Raw"/>.</summary>
    public OutputFormat Format { get; init; }
}
