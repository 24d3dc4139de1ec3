using System.Threading.Channels;
using KmsTool.Instance.Client;
using KmsTool.Instance.Credentials;
using KmsTool.Networking;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Batch;

/// <summary>
/// Has many ciphertexts decrypted at once and writes the results in the order of the lines. Between the line that is read
/// and the one that is written lies a window of bounded length: a slow reader of the results slows down the reading of the lines.
/// </summary>
/// <param name="command">All of the commands but their ciphertexts.</param>
/// <param name="continuesOnError">Whether lines are decrypted that follow one that failed.</param>
/// <param name="tally">Counts what was written.</param>
/// <param name="waits">Learns of a long wait for a response.</param>
/// <param name="time">Measures how long connections have no response.</param>
internal sealed class DecryptBatch(DecryptCommand command, bool continuesOnError, BatchTally tally, WaitNotice waits, TimeProvider time)
{
    // What an enclave works on at once for one connection unless told otherwise (docs/protocol.md, --max-pending): more would
    // wait there.
    private const int CommandsPerConnection = 16;

    // Lines read ahead, so that one slow answer does not leave all connections without work.
    private const int WindowPerCommand = 4;

    // After Ctrl+C what has been decrypted is written, too, if it is read.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    // A connection without a response for so long is mentioned, but later where the first one took longer than a fourth of it.
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource<TimeSpan> _firstServed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _served;
    private int _notes;

    /// <param name="lines">The ciphertexts.</param>
    /// <param name="sessions">
    /// The connections to share them out to. The first works at once. Each of the others joins when the enclave has taken the
    /// credentials on it, so that no line waits on a connection that is not served.
    /// </param>
    /// <param name="output">Takes the results, and notes about the batch.</param>
    /// <param name="cancellationToken">Ends the batch early.</param>
    /// <exception cref="EnclaveException">A connection broke. The results before that have been written.</exception>
    /// <exception cref="SessionFailedException">The enclave refused the credentials. The results before that have been written.</exception>
    /// <exception cref="BatchInputException">The input cannot be read. The results before that have been written.</exception>
    /// <exception cref="CredentialException">There are no credentials any more. The results before that have been written.</exception>
    public async Task RunAsync(BatchLineReader lines, BatchSessions sessions, IBatchOutput output, CancellationToken cancellationToken)
    {
        using var aborted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(aborted.Token);
        var window = Channel.CreateBounded<BatchItem>(
            new BoundedChannelOptions((1 + sessions.Others) * CommandsPerConnection * WindowPerCommand) { SingleReader = true, SingleWriter = true });
        // All that it holds is in the window, too, which bounds it.
        var work = Channel.CreateUnbounded<BatchItem>(new UnboundedChannelOptions { SingleWriter = true });
        Task reading = ReadAsync(lines, output, window.Writer, work.Writer, stopping.Token);
        var run = new Run(work.Reader, output, stopping, aborted.Token);
        Task[] working =
        [
            WorkAsync(sessions.First, isFirst: true, run),
            .. Enumerable.Range(0, sessions.Others).Select(_ => JoinAsync(sessions.OpenAsync, run)),
            NoteSilenceAsync(sessions.Others, run),
        ];
        try
        {
            string response = $"the response of the enclave at {sessions.Address} to {command.Operation}";
            await WriteAsync(window.Reader, response, output, cancellationToken);
        }
        finally
        {
            await aborted.CancelAsync();
            await Task.WhenAll([reading, .. working]);
            while (window.Reader.TryRead(out BatchItem? item))
            {
                item.Discard();
            }
        }
    }

    private async Task ReadAsync(
        BatchLineReader lines, IBatchOutput output, ChannelWriter<BatchItem> window, ChannelWriter<BatchItem> work, CancellationToken stopping)
    {
        Exception? failure = null;
        try
        {
            while (await lines.ReadAsync(stopping) is { } line)
            {
                var item = new BatchItem(line);
                if (line.Problem is not null)
                {
                    item.Complete(output.Fail(line.Number, line.Problem, ErrorCodes.InvalidParameter));
                }

                await window.WriteAsync(item, stopping);
                if (line.Problem is null)
                {
                    work.TryWrite(item);
                }
                else if (!continuesOnError)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The writer knows why.
        }
#pragma warning disable CA1031 // It is thrown where the results are written, after those of the lines before.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        window.Complete(failure);
        work.Complete();
    }

    /// <summary>
    /// Begins one line after the other, in their order, and returns when all that it began have ended: the lines before one
    /// that fails have all been begun, by this connection or another.
    /// </summary>
    private async Task WorkAsync(EnclaveSession session, bool isFirst, Run run)
    {
        using var free = new SemaphoreSlim(CommandsPerConnection);
        bool isPrepared = !isFirst;
        try
        {
            while (await run.Work.WaitToReadAsync(run.Stopping.Token))
            {
                await free.WaitAsync(run.Stopping.Token);
                if (run.Stopping.IsCancellationRequested || !run.Work.TryRead(out BatchItem? item))
                {
                    free.Release();
                    continue;
                }

                long start = time.GetTimestamp();
                Task decrypting = DecryptAsync(session, item, free, run);
                // The credentials go with the first, which therefore goes alone: what follows is sent in its order.
                if (!isPrepared)
                {
                    await decrypting;
                    isPrepared = true;
                    _firstServed.TrySetResult(time.GetElapsedTime(start));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Enough has been begun.
        }

        for (int i = 0; i < CommandsPerConnection; i++)
        {
            await free.WaitAsync(CancellationToken.None);
        }
    }

    /// <summary>Once the first connection is served, opens another one, which begins lines when the enclave has taken the credentials on it.</summary>
    private async Task JoinAsync(Func<CancellationToken, Task<EnclaveSession>> openAsync, Run run)
    {
        try
        {
            await _firstServed.Task.WaitAsync(run.Stopping.Token);
            await using EnclaveSession session = await openAsync(run.Stopping.Token);
            await session.PrepareAsync(run.Stopping.Token);
            Interlocked.Increment(ref _served);
            await WorkAsync(session, isFirst: false, run);
        }
        catch (OperationCanceledException)
        {
            // The batch ends without it.
        }
        catch (Exception e) when (run.Output.Describe(e) is { } reason)
        {
            await NoteAsync(run.Output, $"The batch continues over fewer connections: {reason}");
        }
    }

    private async Task NoteSilenceAsync(int others, Run run)
    {
        try
        {
            TimeSpan first = await _firstServed.Task.WaitAsync(run.Stopping.Token);
            await Task.Delay(TimeSpan.FromTicks(Math.Max(LeastPatience.Ticks, 4 * first.Ticks)), time, run.Stopping.Token);
            if (others - Volatile.Read(ref _served) is > 0 and int silent)
            {
                await NoteAsync(run.Output, $"The enclave serves {silent} of {others + 1} connections not yet: the batch continues over the others.");
            }
        }
        catch (OperationCanceledException)
        {
            // The batch has ended.
        }
    }

    /// <summary>Writes one note about connections in a batch: 63 connections may have the same to say.</summary>
    private async Task NoteAsync(IBatchOutput output, string note)
    {
        if (Interlocked.Increment(ref _notes) == 1)
        {
            await output.NoteAsync(note);
        }
    }

    private async Task DecryptAsync(EnclaveSession session, BatchItem item, SemaphoreSlim free, Run run)
    {
        bool goesOn = continuesOnError;
        long line = item.Line.Number;
        try
        {
            using DecryptResponse reply = await session.SendAsync<DecryptResponse>(command with { Ciphertext = item.Line.Ciphertext }, run.Aborted);
            BatchResult result = run.Output.Format(line, reply);
            goesOn |= !result.Failed;
            item.Complete(result);
        }
        catch (Exception e) when (BatchSessions.IsRefusal(e, out string? code))
        {
            item.Complete(run.Output.Fail(line, run.Output.Describe(e) ?? e.Message, code));
        }
#pragma warning disable CA1031 // It is thrown where the results are written, after those of the lines before.
        catch (Exception e)
#pragma warning restore CA1031
        {
            goesOn = false;
            item.Fail(e);
        }

        if (!goesOn)
        {
            await run.Stopping.CancelAsync();
        }

        free.Release();
    }

    private async Task WriteAsync(ChannelReader<BatchItem> window, string response, IBatchOutput output, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (!window.TryPeek(out BatchItem? item))
                {
                    await output.FlushAsync(cancellationToken);
                    if (!await window.WaitToReadAsync(cancellationToken))
                    {
                        return;
                    }

                    continue;
                }

                if (!item.Result.IsCompleted)
                {
                    await output.FlushAsync(cancellationToken);
                }

                using BatchResult result = await TakeAsync(item, response, cancellationToken);
                await output.WriteAsync(result.Output, cancellationToken);
                if (result.Complaint is not null)
                {
                    await output.NoteAsync(result.Complaint);
                }

                tally.Count(item, succeeded: !result.Failed);
                // Until now it was there to be discarded.
                window.TryRead(out _);
                if (result.Failed && !continuesOnError)
                {
                    tally.StopAt(item);
                    return;
                }
            }
        }
        finally
        {
            using var grace = new CancellationTokenSource(Grace);
            await output.FlushAsync(cancellationToken.IsCancellationRequested ? grace.Token : cancellationToken);
        }
    }

    /// <summary>Waits for a result, and says so if that takes long.</summary>
    private async Task<BatchResult> TakeAsync(BatchItem item, string response, CancellationToken cancellationToken)
    {
        if (item.Result.IsCompleted)
        {
            return await item.Result;
        }

        using IDisposable waiting = waits.Begin(response);
        return await item.Result.WaitAsync(cancellationToken);
    }

    /// <summary>What the connections of a running batch share.</summary>
    /// <param name="Work">The lines to decrypt.</param>
    /// <param name="Output">Takes the results.</param>
    /// <param name="Stopping">Cancelled when no further line is to be begun.</param>
    /// <param name="Aborted">Cancelled when lines that were begun are given up, too.</param>
    private sealed record Run(ChannelReader<BatchItem> Work, IBatchOutput Output, CancellationTokenSource Stopping, CancellationToken Aborted);
}
