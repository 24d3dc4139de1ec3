using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using KmsTool.Cli;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Client;

/// <summary>
/// A connection to kmstool-enclave, ours or the original. One command at a time. What the enclave sends is not trusted: its
/// replies are bounded in size and time and decoded strictly.
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
    private bool _duplicateMayFollow;

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
    }

    /// <param name="address">Where the enclave listens.</param>
    /// <param name="timeout">Bounds connecting, and each command with its reply.</param>
    /// <param name="time">Measures the timeout.</param>
    /// <param name="logger">Learns of steps, never of content.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CommandFailedException">Nobody answers there.</exception>
    public static async Task<EnclaveClient> ConnectAsync(
        StreamAddress address, TimeSpan timeout, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(timeout, time, cancellationToken);
        try
        {
            Socket socket = await StreamConnector.ConnectAsync(address, null, deadline.Token);
            Log.EnclaveConnected(logger, address.ToString());
            return new EnclaveClient(socket, address, timeout, time, logger);
        }
        catch (Exception e) when (e is SocketException or IOException or PlatformNotSupportedException || deadline.IsOver(e))
        {
            string reason = e is OperationCanceledException ? $"no answer within {timeout.TotalSeconds:0.###} s" : ConnectFailure.Describe(address, e);
            throw new CommandFailedException(
                ExitCode.CouldNotConnect,
                $"Could not connect to the enclave at {address}: {reason}. Is it running? See 'nitro-cli describe-enclaves', and compare --cid and --port.",
                e);
        }
    }

    /// <summary>Gives the enclave the credentials for this connection.</summary>
    /// <exception cref="CommandFailedException">The enclave refused, or broke the protocol.</exception>
    public async Task SetClientAsync(SetClientCommand command, CancellationToken cancellationToken)
    {
        using EnclaveReply reply = await CallAsync(command, MessageJsonContext.Default.SetClientCommand, cancellationToken);
    }

    /// <summary>Has a ciphertext decrypted; the caller owns the plaintext, which may be empty.</summary>
    /// <exception cref="CommandFailedException">The enclave or KMS refused, or the enclave broke the protocol.</exception>
    public async Task<SensitiveBytes> DecryptAsync(DecryptCommand command, CancellationToken cancellationToken)
    {
        using EnclaveReply reply = await CallAsync(command, MessageJsonContext.Default.DecryptCommand, cancellationToken);
        _duplicateMayFollow = true;
        if (reply.Result is null)
            throw Broken(command.Operation, "its success carries no plaintext");

        using SensitiveBytes decoded = SensitiveBytes.Allocate(Base64.GetMaxDecodedFromUtf8Length(reply.Result.Length));
        return Base64.DecodeFromUtf8(reply.Result.Span, decoded.WritableSpan, out _, out int length) == OperationStatus.Done
            ? SensitiveBytes.CopyOf(decoded.Span[..length])
            : throw Broken(command.Operation, "its plaintext is not base64");
    }

    /// <summary>Closes the connection, with which the enclave forgets the credentials.</summary>
    public async ValueTask DisposeAsync()
    {
        await _input.CompleteAsync();
        // An exception keeps the writer from flushing what a failed command left, which could wait for a peer that reads no more.
        await _output.CompleteAsync(new OperationCanceledException());
        await _stream.DisposeAsync();
    }

    private async Task<EnclaveReply> CallAsync<TCommand>(
        TCommand command, JsonTypeInfo<TCommand> typeInfo, CancellationToken cancellationToken)
        where TCommand : Command
    {
        string operation = command.Operation!;
        using var deadline = new Deadline(_timeout, _time, cancellationToken);
        EnclaveReply reply;
        try
        {
            MessageWriter.Write(_output, command, typeInfo);
            await _output.FlushAsync(deadline.Token);
            Log.CommandSent(_logger, operation);
            reply = await ReadReplyAsync(operation, deadline.Token);
        }
        catch (OperationCanceledException e) when (deadline.IsOver(e))
        {
            throw Broken(operation, $"no reply within {_timeout.TotalSeconds:0.###} s (--timeout)", e);
        }
        catch (IOException e)
        {
            throw Broken(operation, $"the connection failed ({e.Message})", e);
        }

        if (reply.IsOk)
            return reply;

        using (reply)
            throw Refused(operation, reply);
    }

    private async Task<EnclaveReply> ReadReplyAsync(string operation, CancellationToken cancellationToken)
    {
        while (true)
        {
            MessageRead read = await _replies.ReadAsync(cancellationToken);
            EnclaveReply reply = read.Status switch
            {
                MessageReadStatus.Message => Parse(operation, read.Bytes),
                MessageReadStatus.TooLong => throw Broken(operation, $"its reply is longer than {MaxReplyLength} bytes"),
                MessageReadStatus.Truncated => throw Broken(operation, "it closed the connection within its reply"),
                _ => throw Broken(operation, "it closed the connection without a reply"),
            };
            _replies.Release();
            Log.ReplyReceived(_logger, operation, reply.IsOk ? Reply.Ok : Reply.Error);

            // The original enclave answers a Decrypt that succeeded twice, the second time with an error that says nothing.
            // It is recognized by that: every other error of either enclave has a Message.
            bool duplicate = _duplicateMayFollow && !reply.IsOk && reply.ErrorMessage is null && reply.ErrorCode is null;
            _duplicateMayFollow = false;
            if (!duplicate)
                return reply;

            Log.DuplicateReplySkipped(_logger);
        }
    }

    private EnclaveReply Parse(string operation, ReadOnlySequence<byte> message)
    {
        using SensitiveBytes contiguous = SensitiveBytes.Allocate((int)message.Length);
        message.CopyTo(contiguous.WritableSpan);
        try
        {
            return ReplyParser.Parse(contiguous.Span);
        }
        catch (JsonException)
        {
            throw Broken(operation, "its answer is not a reply (is it kmstool-enclave that listens there?)");
        }
    }

    private CommandFailedException Refused(string operation, EnclaveReply reply)
    {
        string message = TerminalText.Neutralize(reply.ErrorMessage ?? "no reason given");
        string code = reply.ErrorCode is null || message.Contains(reply.ErrorCode, StringComparison.Ordinal)
            ? ""
            : $" ({TerminalText.Neutralize(reply.ErrorCode)})";
        string advice = EnclaveErrorAdvice.For(reply.ErrorMessage, reply.ErrorCode) is { } text ? $" {text}." : "";
        return new CommandFailedException(
            ExitCode.OperationFailed, $"The enclave at {_address} answered {operation} with an error: {message.TrimEnd('.', '?', ':', ' ')}{code}.{advice}");
    }

    private CommandFailedException Broken(string operation, string what, Exception? innerException = null) => new(
        ExitCode.ProtocolBroken,
        $"The enclave at {_address} did not answer {operation} properly: {what}. In debug mode 'nitro-cli console' shows what it logs.",
        innerException);
}
