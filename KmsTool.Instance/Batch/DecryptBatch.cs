using System.Threading.Channels;
using KmsTool.CommandLine;
using KmsTool.Instance.Client;
using KmsTool.Networking;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Batch;

/// <summary>
/// Has many ciphertexts decrypted at once and writes the results in the order of the lines. Between the line that is read
/// and the one that is written lies a window of bounded length: who reads the results slowly slows down the reading.
/// </summary>
/// <param name="command">All of the commands but their ciphertexts.</param>
/// <param name="options">What to do about failures, and how to write results.</param>
/// <param name="tally">Counts what was written.</param>
/// <param name="waits">Learns of a long wait for a response.</param>
/// <param name="time">Measures how long connections have no response.</param>
internal sealed class DecryptBatch(DecryptCommand command, BatchOptions options, BatchTally tally, WaitNotice waits, TimeProvider time)
{
    // What an enclave works on at once for one connection unless told otherwise (docs/protocol.md, --max-pending): more would
    // wait there.
    private const int CommandsPerConnection = 16;

    // Lines read ahead, so that one slow answer does not leave all connections without work.
    private const int WindowPerCommand = 4;

    // After Ctrl+C what has been decrypted is written, too, if somebody reads it.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    // A connection without a response for so long is mentioned, but later where the first one took longer than a fourth of it.
    private static readonly TimeSpan LeastPatience = TimeSpan.FromSeconds(5);

    private readonly BatchResultFormatter _formatter = new(options.Format);
    private readonly TaskCompletionSource<TimeSpan> _firstServed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _served;
    private int _notes;

    /// <param name="lines">The ciphertexts.</param>
    /// <param name="sessions">
    /// The connections to share them out to. The first works at once. Each of the others joins when the enclave has taken the
    /// credentials on it, so that no line waits on a connection that is not served.
    /// </param>
    /// <param name="output">Takes the results.</param>
    /// <param name="errors">Takes the reasons of failures that the results do not hold.</param>
    /// <param name="cancellationToken">Ends the batch early.</param>
    /// <exception cref="CommandFailedException">
    /// A connection broke, there are no credentials any more, or input or output cannot be used. The results before that
    /// have been written.
    /// </exception>
    public async Task RunAsync(
        BatchLineReader lines, BatchSessions sessions, BatchOutput output, TextWriter errors, CancellationToken cancellationToken)
    {
        using var aborted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(aborted.Token);
        var window = Channel.CreateBounded<BatchItem>(
            new BoundedChannelOptions((1 + sessions.Others) * CommandsPerConnection * WindowPerCommand) { SingleReader = true, SingleWriter = true });
        // All that it holds is in the window, too, which bounds it.
        var work = Channel.CreateUnbounded<BatchItem>(new UnboundedChannelOptions { SingleWriter = true });
        Task reading = ReadAsync(lines, window.Writer, work.Writer, stopping.Token);
        Task[] working =
        [
            WorkAsync(sessions.First, isFirst: true, work.Reader, stopping, aborted.Token),
            .. Enumerable.Range(0, sessions.Others).Select(_ => JoinAsync(sessions.OpenAsync, work.Reader, errors, stopping, aborted.Token)),
            NoteSilenceAsync(sessions.Others, errors, stopping.Token),
        ];
        try
        {
            string response = $"the response of the enclave at {sessions.Address} to {command.Operation}";
            await WriteAsync(window.Reader, response, output, errors, cancellationToken);
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
        BatchLineReader lines, ChannelWriter<BatchItem> window, ChannelWriter<BatchItem> work, CancellationToken stopping)
    {
        Exception? failure = null;
        try
        {
            while (await lines.ReadAsync(stopping) is { } line)
            {
                var item = new BatchItem(line);
                if (line.Problem is not null)
                {
                    item.Complete(_formatter.Fail(line.Number, line.Problem, ErrorCodes.InvalidParameter));
                }

                await window.WriteAsync(item, stopping);
                if (line.Problem is null)
                {
                    work.TryWrite(item);
                }
                else if (!options.ContinueOnError)
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
    private async Task WorkAsync(
        EnclaveSession session, bool isFirst, ChannelReader<BatchItem> work, CancellationTokenSource stopping, CancellationToken aborted)
    {
        using var free = new SemaphoreSlim(CommandsPerConnection);
        bool isPrepared = !isFirst;
        try
        {
            while (await work.WaitToReadAsync(stopping.Token))
            {
                await free.WaitAsync(stopping.Token);
                if (stopping.IsCancellationRequested || !work.TryRead(out BatchItem? item))
                {
                    free.Release();
                    continue;
                }

                long start = time.GetTimestamp();
                Task decrypting = DecryptAsync(session, item, free, stopping, aborted);
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
    private async Task JoinAsync(
        Func<CancellationToken, Task<EnclaveSession>> openAsync, ChannelReader<BatchItem> work, TextWriter errors, CancellationTokenSource stopping, CancellationToken aborted)
    {
        try
        {
            await _firstServed.Task.WaitAsync(stopping.Token);
            await using EnclaveSession session = await openAsync(stopping.Token);
            await session.PrepareAsync(stopping.Token);
            Interlocked.Increment(ref _served);
            await WorkAsync(session, isFirst: false, work, stopping, aborted);
        }
        catch (OperationCanceledException)
        {
            // The batch ends without it.
        }
        catch (CommandFailedException e)
        {
            await NoteAsync(errors, $"The batch continues over fewer connections: {e.Message}");
        }
    }

    private async Task NoteSilenceAsync(int others, TextWriter errors, CancellationToken stopping)
    {
        try
        {
            TimeSpan first = await _firstServed.Task.WaitAsync(stopping);
            await Task.Delay(TimeSpan.FromTicks(Math.Max(LeastPatience.Ticks, 4 * first.Ticks)), time, stopping);
            if (others - Volatile.Read(ref _served) is > 0 and int silent)
            {
                await NoteAsync(errors, $"The enclave serves {silent} of {others + 1} connections not yet: the batch continues over the others.");
            }
        }
        catch (OperationCanceledException)
        {
            // The batch has ended.
        }
    }

    /// <summary>Writes one note about connections in a batch: 63 connections may have the same to say.</summary>
    private async Task NoteAsync(TextWriter errors, string note)
    {
        if (Interlocked.Increment(ref _notes) == 1)
        {
            await errors.WriteLineAsync(note);
        }
    }

    private async Task DecryptAsync(
        EnclaveSession session, BatchItem item, SemaphoreSlim free, CancellationTokenSource stopping, CancellationToken aborted)
    {
        bool goesOn = options.ContinueOnError;
        long line = item.Line.Number;
        try
        {
            using DecryptReply reply = await session.SendAsync<DecryptReply>(command with { Ciphertext = item.Line.Ciphertext }, aborted);
            BatchResult result = _formatter.Format(line, reply);
            goesOn |= !result.Failed;
            item.Complete(result);
        }
        catch (RefusedException e)
        {
            item.Complete(_formatter.Fail(line, e.Message, e.Code));
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
            await stopping.CancelAsync();
        }

        free.Release();
    }

    private async Task WriteAsync(
        ChannelReader<BatchItem> window, string response, BatchOutput output, TextWriter errors, CancellationToken cancellationToken)
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
                    await errors.WriteLineAsync(result.Complaint);
                }

                tally.Count(item, succeeded: !result.Failed);
                // Until now it was there to be discarded.
                window.TryRead(out _);
                if (result.Failed && !options.ContinueOnError)
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
}
