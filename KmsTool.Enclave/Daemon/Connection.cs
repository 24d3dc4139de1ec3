using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Channels;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>
/// One peer: reads its commands, works on up to a number of them at once, and answers in order. Nothing that this peer
/// does delays another.
/// </summary>
internal sealed class Connection(long id, DaemonContext context) : IDisposable
{
    private readonly DaemonLimits _limits = context.Limits;

    // A command holds a slot until its reply has been sent. Acquiring every slot gives exclusive access.
    private readonly SemaphoreSlim _slots = new(context.Limits.MaxPending);
    private readonly Channel<Pending> _answers = Channel.CreateUnbounded<Pending>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
    private KmsClient? _client;
    private long _commands;

    /// <summary>
    /// Serves the peer until it closes its side, breaks a limit or <paramref name="stopping"/> is cancelled; what has been
    /// asked until then is answered.
    /// </summary>
    /// <param name="socket">Owned from here on.</param>
    /// <param name="stopping">Ends reading.</param>
    /// <param name="aborting">Ends everything.</param>
    public async Task RunAsync(Socket socket, CancellationToken stopping, CancellationToken aborting)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(aborting);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, lost.Token);
        using var reading = new Deadline(Timeout.InfiniteTimeSpan, context.Time, ended.Token);
        PipeReader input = MessagePipe.CreateReader(stream);
        using var held = new ConnectionBudget(context.Budget, stream);
        Task writing = WriteAnswersAsync(MessagePipe.CreateWriter(stream), held, lost);
        string reason = "a fault of this program";
        try
        {
            reason = await ReadCommandsAsync(new MessageReader(input, _limits.MaxMessageLength, held), held, reading, lost.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            reason = lost.IsCancellationRequested ? "replies were not taken, or the drain time is over"
                : stopping.IsCancellationRequested ? "stopping"
                : e is OperationCanceledException ? "no whole message within the idle time" : "the connection was lost";
        }
        finally
        {
            _answers.Writer.Complete();
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _client?.Dispose();
            await input.CompleteAsync();
            Log.ConnectionClosed(context.Logger, id, _commands, reason);
        }

        await writing;
    }

    public void Dispose() => _slots.Dispose();

    private async Task<string> ReadCommandsAsync(MessageReader messages, ConnectionBudget held, Deadline reading, CancellationToken lost)
    {
        while (true)
        {
            await _slots.WaitAsync(lost);
            reading.Restart(_limits.IdleTimeout);
            MessageRead read = await messages.ReadAsync(reading.Token);
            reading.Restart(Timeout.InfiniteTimeSpan);
            EnclaveCommand command;
            switch (read.Status)
            {
                case MessageReadStatus.Message:
                    command = CommandParser.Parse(read.Bytes);
                    messages.Release();
                    break;
                case MessageReadStatus.TooLong:
                    command = new InvalidCommand(null,
                        $"{ErrorTexts.NotJson}: the message has more than {_limits.MaxMessageLength} bytes", ErrorCodes.MessageTooLarge);
                    break;
                case MessageReadStatus.Refused:
                    command = new InvalidCommand(null,
                        $"{ErrorTexts.Busy}: other messages and replies take the {_limits.MessageBudget} bytes that there are (--message-budget). Send it again later",
                        ErrorCodes.EnclaveBusy);
                    break;
                default:
                    return read.Status == MessageReadStatus.End ? "closed by the peer" : "closed by the peer within a message";
            }

            _commands++;
            long charge = held.TakeCharge();
            if (command is SetClientCommand setClient)
            {
                using (setClient)
                {
                    await AnswerAloneAsync(setClient, charge, lost);
                }
            }
            else if (command is PushCredentialsCommand push)
            {
                using (push)
                {
                    Enqueue(Task.FromResult(await ExecuteAsync(push, TakeCredentialsAsync, lost)), charge);
                }
            }
            else
            {
                Enqueue(command switch
                {
                    KmsCommand { Operation: { } name } when _client is null => Failed(name, ErrorTexts.ClientNotInitialized, ErrorCodes.ClientNotInitialized),
                    KmsCommand kms => ExecuteAsync(kms, _client!.ExecuteAsync, lost),
                    AttestCommand attest => ExecuteAsync(attest, context.Handlers.Enclave.AttestAsync, lost),
                    DescribeCommand describe => ExecuteAsync(describe, (_, token) => context.Handlers.Enclave.DescribeAsync(token), lost),
                    InvalidCommand invalid => Failed(invalid.Operation, invalid.Message, invalid.Code),
                    _ => throw new InvalidOperationException("There is no other command."),
                }, charge);
            }
        }
    }

    // The slots bound the queue, so it always takes one more.
    private void Enqueue(Task<Answer> answer, long charge) => _answers.Writer.TryWrite(new Pending(answer, charge));

    // Commands before SetClient use the old client and those after it the new one.
    private async Task AnswerAloneAsync(SetClientCommand command, long charge, CancellationToken lost)
    {
        int others = _limits.MaxPending - 1;
        for (int i = 0; i < others; i++)
        {
            await _slots.WaitAsync(lost);
        }

        Enqueue(Task.FromResult(await ExecuteAsync(command, SetClientAsync, lost)), charge);
        if (others > 0)
        {
            _slots.Release(others);
        }
    }

    private Task<Answer> Failed(string? operation, string message, string code)
    {
        context.Counters.CommandDone(operation, succeeded: false);
        return Task.FromResult(new Answer(StatusResponse.Failed(message, code), null));
    }

    private async Task<Answer> ExecuteAsync<TCommand, TReply>(
        TCommand command, Func<TCommand, CancellationToken, Task<TReply>> execute, CancellationToken lost)
        where TCommand : EnclaveCommand
        where TReply : EnclaveResponse?
    {
        using var deadline = new Deadline(_limits.RequestTimeout, context.Time, lost);
        string name = command.Operation!;
        StatusResponse failure;
        try
        {
            TReply reply = await execute(command, deadline.Token);
            context.Counters.CommandDone(name, succeeded: true);
            Log.CommandDone(context.Logger, name, id, StatusResponse.Ok);
            return new Answer(null, reply);
        }
        catch (CommandException e)
        {
            failure = StatusResponse.Failed(e.Message, e.Code);
        }
        catch (KmsException e)
        {
            failure = Failure(name, e.Code, e.Message);
        }
        catch (OperationCanceledException)
        {
            string code = command is AttestCommand or DescribeCommand ? ErrorCodes.AttestationUnavailable : ErrorCodes.KmsTimeout;
            failure = Failure(name, code, $"no answer within {_limits.RequestTimeout.TotalSeconds} s");
        }
#pragma warning disable CA1031 // A fault of ours must cost one reply, not the connection; its text might quote input, so only its type is told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Log.CommandFaulted(context.Logger, name, id, e.GetType().Name);
            failure = StatusResponse.Failed($"Internal error: {e.GetType().Name}", ErrorCodes.InternalError);
        }

        context.Counters.CommandDone(name, succeeded: false);
        Log.CommandDone(context.Logger, name, id, failure.Code!);
        return new Answer(failure, null);
    }

    private static StatusResponse Failure(string operation, string code, string message) =>
        StatusResponse.Failed(ErrorTexts.Failed(operation, code, message), code);

    private async Task<EnclaveResponse?> SetClientAsync(SetClientCommand command, CancellationToken cancellationToken)
    {
        _client?.Dispose();
        _client = null;
        _client = await context.Handlers.Kms.CreateAsync(command, cancellationToken);
        return null;
    }

    private Task<EnclaveResponse?> TakeCredentialsAsync(PushCredentialsCommand command, CancellationToken cancellationToken)
    {
        context.Handlers.Credentials.Take(command);
        return Task.FromResult<EnclaveResponse?>(null);
    }

    private async Task WriteAnswersAsync(PipeWriter output, ConnectionBudget held, CancellationTokenSource lost)
    {
        try
        {
            while (await _answers.Reader.WaitToReadAsync(lost.Token))
            {
                int written = 0;
                long charged = 0;
                // What is ready goes out in one write.
                while (_answers.Reader.TryPeek(out Pending pending) && (written == 0 || pending.Answer.IsCompleted))
                {
                    using Answer reply = await pending.Answer;
                    _answers.Reader.TryRead(out _);
                    reply.WriteTo(output);
                    written++;
                    charged += pending.Charge;
                }

                using var deadline = new Deadline(_limits.SendTimeout, context.Time, lost.Token);
                await output.FlushAsync(deadline.Token);
                held.Return(charged);
                _slots.Release(written);
            }

            await output.CompleteAsync();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Nobody takes replies any more: stop reading, end what is under way, clear what was made.
            await lost.CancelAsync();
            await output.CompleteAsync(e);
            await foreach (Pending pending in _answers.Reader.ReadAllAsync(CancellationToken.None))
            {
                (await pending.Answer).Dispose();
            }
        }
    }

    /// <param name="Answer">What comes of a command.</param>
    /// <param name="Charge">The bytes that it has of the budget until that has been sent.</param>
    private readonly record struct Pending(Task<Answer> Answer, long Charge);

    private sealed record Answer(StatusResponse? Failure, EnclaveResponse? Success) : IDisposable
    {
        private static readonly StatusResponse Done = new() { Status = StatusResponse.Ok };

        public void WriteTo(PipeWriter output) => MessageWriter.Write(output, (object?)Success ?? Failure ?? Done);

        public void Dispose() => Success?.Dispose();
    }
}
