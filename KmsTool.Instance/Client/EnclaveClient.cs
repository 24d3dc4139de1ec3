using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;
using System.Threading.Channels;
using KmsTool.CommandLine;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Client;

/// <summary>
/// A connection to kmstool-enclave, ours or the original. Commands may be sent while others wait for their replies; the
/// enclave answers in their order. What it sends is not trusted: its replies are bounded in size and time and decoded
/// strictly.
/// </summary>
internal sealed class EnclaveClient : IAsyncDisposable
{
    private const int MaxReplyLength = MessageReader.DefaultMaxLength;

    private readonly StreamAddress _address;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly NetworkStream _stream;
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly MessageReader _replies;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Channel<PendingReply> _pending = Channel.CreateUnbounded<PendingReply>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _reading;
    private volatile CommandFailedException? _broken;

    private EnclaveClient(Socket socket, StreamAddress address, TimeSpan timeout, TimeProvider time, ILogger logger)
    {
        _address = address;
        _timeout = timeout;
        _time = time;
        _logger = logger;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _input = MessagePipe.CreateReader(_stream);
        _output = MessagePipe.CreateWriter(_stream);
        _replies = new MessageReader(_input, MaxReplyLength);
        _reading = ReadRepliesAsync();
    }

    /// <param name="address">Where the enclave listens.</param>
    /// <param name="sockets">Options of the socket; <see langword="null"/> for the defaults.</param>
    /// <param name="timeout">Bounds connecting, and each command with its reply.</param>
    /// <param name="time">Measures the timeout.</param>
    /// <param name="logger">Learns of steps, never of content.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CommandFailedException">Nobody answers there.</exception>
    public static async Task<EnclaveClient> ConnectAsync(
        StreamAddress address, StreamSocketOptions? sockets, TimeSpan timeout, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(timeout, time, cancellationToken);
        try
        {
            Socket socket = await StreamConnector.ConnectAsync(address, sockets, deadline.Token);
            Log.EnclaveConnected(logger, address.ToString());
            return new EnclaveClient(socket, address, timeout, time, logger);
        }
        catch (Exception e) when (e is SocketException or IOException or PlatformNotSupportedException || deadline.IsOver(e))
        {
            string reason = TerminalText.EndSentence(
                e is OperationCanceledException ? $"no answer within {timeout.TotalSeconds:0.###} s" : ConnectFailure.Describe(address, e));
            throw new CommandFailedException(
                ExitCode.CouldNotConnect,
                $"Could not connect to the enclave at {address}: "
                + (e is IOException or PlatformNotSupportedException
                    ? reason
                    : $"{reason} Is it running? See 'nitro-cli describe-enclaves', and compare --cid and --port."),
                e);
        }
    }

    /// <summary>Gives the enclave the credentials for this connection, for the commands that follow.</summary>
    /// <exception cref="RefusedException">The enclave refused.</exception>
    /// <exception cref="CommandFailedException">The enclave broke the protocol; the connection is of no more use.</exception>
    public Task SetClientAsync(SetClientCommand command, CancellationToken cancellationToken) =>
        CallAsync(command, null, cancellationToken);

    /// <summary>Gives the enclave's KMS proxy its credentials.</summary>
    /// <exception cref="RefusedException">The enclave refused.</exception>
    /// <exception cref="CommandFailedException">The enclave broke the protocol; the connection is of no more use.</exception>
    public Task PushCredentialsAsync(PushCredentialsCommand command, CancellationToken cancellationToken) =>
        CallAsync(command, null, cancellationToken);

    /// <summary>Has a command carried out; the caller owns the reply.</summary>
    /// <typeparam name="TReply">What the command is answered with.</typeparam>
    /// <exception cref="RefusedException">The enclave or KMS refused.</exception>
    /// <exception cref="CommandFailedException">The enclave broke the protocol; the connection is of no more use.</exception>
    public async Task<TReply> SendAsync<TReply>(Command command, CancellationToken cancellationToken)
        where TReply : SuccessReply =>
        (TReply)(await CallAsync(command, typeof(TReply), cancellationToken))!;

    /// <summary>Closes the connection, with which the enclave forgets the credentials.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await _reading;
        await _input.CompleteAsync();
        // An exception keeps the writer from flushing what a failed command left, which could wait for a peer that reads no more.
        await _output.CompleteAsync(new OperationCanceledException());
        await _stream.DisposeAsync();
        _closing.Dispose();
        _sending.Dispose();
    }

    private async Task<SuccessReply?> CallAsync(Command command, Type? content, CancellationToken cancellationToken)
    {
        string operation = command.Operation!;
        var pending = new PendingReply(operation, content is null ? null : MessageJsonContext.Default.GetTypeInfo(content));
        using var deadline = new Deadline(_timeout, _time, cancellationToken);
        EnclaveReply reply;
        try
        {
            await WriteAsync(command, pending, deadline.Token);
            reply = await pending.Reply.WaitAsync(deadline.Token);
        }
        catch (OperationCanceledException e) when (deadline.IsOver(e))
        {
            pending.Abandon();
            throw Break(operation, $"no reply within {_timeout.TotalSeconds:0.###} s (--timeout)", e);
        }
        catch (OperationCanceledException)
        {
            pending.Abandon();
            throw;
        }
        catch (IOException e)
        {
            pending.Abandon();
            throw Break(operation, $"the connection failed ({e.Message.TrimEnd('.')})", e);
        }

        return reply is EnclaveReply.Refused refused
            ? throw Refuse(operation, refused)
            : ((EnclaveReply.Done)reply).Content;
    }

    private async Task WriteAsync(Command command, PendingReply pending, CancellationToken cancellationToken)
    {
        // One after the other, and in the order in which the replies are waited for.
        await _sending.WaitAsync(cancellationToken);
        bool written = false;
        try
        {
            if (!_pending.Writer.TryWrite(pending))
            {
                throw _broken ?? Break(pending.Operation, "the connection is closed");
            }

            MessageWriter.Write(_output, command);
            await _output.FlushAsync(cancellationToken);
            written = true;
            Log.CommandSent(_logger, pending.Operation);
        }
        finally
        {
            // What follows half a message would be read as its end.
            if (!written)
            {
                _pending.Writer.TryComplete();
            }

            _sending.Release();
        }
    }

    private async Task ReadRepliesAsync()
    {
        PendingReply? pending = null;
        bool duplicateMayFollow = false;
        try
        {
            while (await _pending.Reader.WaitToReadAsync(_closing.Token))
            {
                _pending.Reader.TryRead(out pending);
                EnclaveReply reply = await ReadReplyAsync(pending!);
                // The original enclave answers a Decrypt that succeeded twice, the second time with an error that says
                // nothing. It is recognized by that: every other error of either enclave has a Message.
                if (duplicateMayFollow && reply is EnclaveReply.Refused { Message: null, Code: null })
                {
                    Log.DuplicateReplySkipped(_logger);
                    reply = await ReadReplyAsync(pending!);
                }

                duplicateMayFollow = reply is EnclaveReply.Done { Content: DecryptReply };
                pending!.Complete(reply);
                pending = null;
            }
        }
        catch (OperationCanceledException e)
        {
            FailAll(pending, e);
        }
        catch (IOException e)
        {
            FailAll(pending, Break(pending!.Operation, $"the connection failed ({e.Message.TrimEnd('.')})", e));
        }
        catch (CommandFailedException e)
        {
            FailAll(pending, e);
        }
    }

    private async Task<EnclaveReply> ReadReplyAsync(PendingReply pending)
    {
        MessageRead read = await _replies.ReadAsync(_closing.Token);
        EnclaveReply reply = read.Status switch
        {
            MessageReadStatus.Message => Parse(pending, read.Bytes),
            MessageReadStatus.TooLong => throw Break(pending.Operation, $"its reply is longer than {MaxReplyLength} bytes"),
            MessageReadStatus.Truncated => throw Break(pending.Operation, "it closed the connection within its reply"),
            _ => throw Break(pending.Operation, "it closed the connection without a reply"),
        };
        _replies.Release();
        Log.ReplyReceived(_logger, pending.Operation, reply is EnclaveReply.Done ? Reply.Ok : Reply.Error);
        return reply;
    }

    private EnclaveReply Parse(PendingReply pending, ReadOnlySequence<byte> message)
    {
        using var contiguous = SensitiveBytes.Allocate((int)message.Length);
        message.CopyTo(contiguous.WritableSpan);
        try
        {
            return ReplyParser.Parse(contiguous.Span, pending.Content);
        }
        catch (JsonException)
        {
            throw Break(pending.Operation, $"its answer is not a reply to {pending.Operation} (is it kmstool-enclave that listens there?)");
        }
    }

    private void FailAll(PendingReply? current, Exception failure)
    {
        _pending.Writer.TryComplete();
        current?.Fail(failure);
        while (_pending.Reader.TryRead(out PendingReply? next))
        {
            next.Fail(failure);
        }
    }

    private RefusedException Refuse(string operation, EnclaveReply.Refused reply)
    {
        string message = TerminalText.Neutralize(reply.Message is { Length: > 0 } text ? text : "no reason given").TrimEnd('.', ':', ' ');
        string code = reply.Code is null || message.Contains(reply.Code, StringComparison.Ordinal)
            ? ""
            : $" ({TerminalText.Neutralize(reply.Code)})";
        string advice = EnclaveErrorAdvice.For(reply.Message, reply.Code) is { } hint ? $" {hint}." : "";
        return new RefusedException(
            TerminalText.EndSentence($"The enclave at {_address} answered {operation} with an error: {message}{code}") + advice, reply.Code);
    }

    /// <summary>From here on the connection cannot be used: replies would be taken for those of other commands.</summary>
    private CommandFailedException Break(string operation, string what, Exception? innerException = null)
    {
        var failure = new CommandFailedException(
            ExitCode.ProtocolBroken,
            $"The enclave at {_address} did not answer {operation} properly: {what}. In debug mode 'nitro-cli console' shows what it logs.",
            innerException);
        _broken ??= failure;
        _pending.Writer.TryComplete();
        return failure;
    }
}
