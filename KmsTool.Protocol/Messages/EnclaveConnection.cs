using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// A connection to kmstool-enclave or to the enclave program of the AWS sample (kmstool_enclave). Safe for concurrent use: commands
/// may be sent while others wait for their responses, and the enclave responds in the order of the commands.
/// </summary>
/// <remarks>
/// <para>
/// Send <see cref="SetClientAsync"/> first: the enclave keeps the credentials for this connection only and forgets them when it
/// closes. <see cref="DescribeAsync"/>, <see cref="AttestAsync"/> and <see cref="PushCredentialsAsync"/> need no SetClient.
/// </para>
/// <para>
/// What the enclave sends is not trusted: a response has at most 65,536 bytes, arrives within <see cref="EnclaveConnectionOptions.Timeout"/>
/// and is decoded strictly. The protocol is described in docs/protocol.md.
/// </para>
/// </remarks>
public sealed class EnclaveConnection : IAsyncDisposable
{
    /// <summary>The vsock port on which kmstool-enclave listens by default.</summary>
    public const uint DefaultPort = 3000;

    private const int MaxResponseLength = MessageReader.DefaultMaxLength;

    private readonly TimeSpan _timeout;
    private readonly TimeProvider _time;
    private readonly Action<EnclaveConnectionEvent>? _observer;
    private readonly NetworkStream _stream;
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly MessageReader _responses;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly Channel<PendingResponse> _pending =
        Channel.CreateUnbounded<PendingResponse>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _reading;
    private volatile EnclaveException? _broken;
    private bool _isDisposed;

    private EnclaveConnection(Socket socket, StreamAddress address, EnclaveConnectionOptions options)
    {
        Address = address;
        _timeout = options.Timeout;
        _time = options.TimeProvider;
        _observer = options.Observer;
        _stream = new NetworkStream(socket, ownsSocket: true);
        _input = MessagePipe.CreateReader(_stream);
        _output = MessagePipe.CreateWriter(_stream);
        _responses = new MessageReader(_input, MaxResponseLength);
        Observe(EnclaveConnectionStep.Connected, null);
        _reading = ReadResponsesAsync();
    }

    /// <summary>Gets the address of the enclave.</summary>
    public StreamAddress Address { get; }

    /// <summary>Connects to an enclave.</summary>
    /// <param name="address">
    /// Where the enclave listens, such as <c>new StreamAddress.Vsock(cid, EnclaveConnection.DefaultPort)</c> with the CID that
    /// <c>nitro-cli describe-enclaves</c> prints.
    /// </param>
    /// <param name="options">Timeout and the like; <see langword="null"/> for the defaults.</param>
    /// <param name="cancellationToken">Cancels connecting; the connection itself does not depend on it.</param>
    /// <exception cref="EnclaveException">
    /// The enclave cannot be reached: <see cref="EnclaveFailure.CouldNotConnect"/> or <see cref="EnclaveFailure.SocketNotAvailable"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<EnclaveConnection> ConnectAsync(
        StreamAddress address, EnclaveConnectionOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(address);
        options ??= new EnclaveConnectionOptions();
        using var deadline = new Deadline(options.Timeout, options.TimeProvider, cancellationToken);
        try
        {
            var sockets = new StreamSocketOptions(options.VsockBufferSize);
            Socket socket = await StreamConnector.ConnectAsync(address, sockets, deadline.Token).ConfigureAwait(false);
            return new EnclaveConnection(socket, address, options);
        }
        catch (Exception e) when (e is SocketException or IOException or PlatformNotSupportedException || deadline.IsOver(e))
        {
            string reason = e is OperationCanceledException
                ? $"no answer within {options.Timeout.TotalSeconds:0.###} s"
                : DescribeConnectFailure(address, e);
            EnclaveFailure failure = e is IOException or PlatformNotSupportedException
                ? EnclaveFailure.SocketNotAvailable
                : EnclaveFailure.CouldNotConnect;
            throw new EnclaveException(
                failure, address, $"Could not connect to the enclave at {address}: {TerminalText.EndSentence(reason)}", e);
        }
    }

    /// <summary>
    /// Gives the enclave the AWS credentials, and a region if it has none, for the later commands of this connection. Replaces those of
    /// an earlier call. The enclave connects to KMS before it responds.
    /// </summary>
    /// <param name="command">The credentials; the caller disposes of them.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <exception cref="EnclaveException">The enclave refuses, or the connection fails.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public Task SetClientAsync(SetClientCommand command, CancellationToken cancellationToken = default) =>
        CallAsync(command, null, cancellationToken);

    /// <summary>Gives the KMS proxy of the enclave the AWS credentials that it signs requests of all applications with.</summary>
    /// <param name="command">The credentials; the caller disposes of them.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <inheritdoc cref="SetClientAsync" path="/exception"/>
    public Task PushCredentialsAsync(PushCredentialsCommand command, CancellationToken cancellationToken = default) =>
        CallAsync(command, null, cancellationToken);

    /// <summary>Decrypts a ciphertext of KMS in the enclave.</summary>
    /// <param name="command">The ciphertext, 1 to 6,144 bytes, and how it was made.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <returns>The plaintext; the caller disposes of the response, which clears it.</returns>
    /// <inheritdoc cref="SetClientAsync" path="/exception"/>
    public Task<DecryptResponse> DecryptAsync(DecryptCommand command, CancellationToken cancellationToken = default) =>
        SendAsync<DecryptResponse>(command, cancellationToken);

    /// <summary>Makes a symmetric data key with KMS.</summary>
    /// <param name="command">The KMS key, and the length of the data key.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <returns>The data key in plaintext and encrypted; the caller disposes of the response, which clears the plaintext.</returns>
    /// <inheritdoc cref="SetClientAsync" path="/exception"/>
    public Task<GenerateDataKeyResponse> GenerateDataKeyAsync(GenerateDataKeyCommand command, CancellationToken cancellationToken = default) =>
        SendAsync<GenerateDataKeyResponse>(command, cancellationToken);

    /// <summary>Makes an asymmetric data key pair with KMS.</summary>
    /// <param name="command">The KMS key, and the kind of key pair.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <returns>The key pair; the caller disposes of the response, which clears the private key in plaintext.</returns>
    /// <inheritdoc cref="SetClientAsync" path="/exception"/>
    public Task<GenerateDataKeyPairResponse> GenerateDataKeyPairAsync(
        GenerateDataKeyPairCommand command, CancellationToken cancellationToken = default) =>
        SendAsync<GenerateDataKeyPairResponse>(command, cancellationToken);

    /// <summary>Gets random bytes from KMS.</summary>
    /// <param name="command">How many bytes, 1 to 1,024.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <returns>The random bytes; the caller disposes of the response, which clears them.</returns>
    /// <inheritdoc cref="SetClientAsync" path="/exception"/>
    public Task<GenerateRandomResponse> GenerateRandomAsync(GenerateRandomCommand command, CancellationToken cancellationToken = default) =>
        SendAsync<GenerateRandomResponse>(command, cancellationToken);

    /// <summary>Derives the shared secret of a key agreement key of KMS and the public key of a peer.</summary>
    /// <param name="command">The KMS key and the public key.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <returns>The shared secret; the caller disposes of the response, which clears it.</returns>
    /// <inheritdoc cref="SetClientAsync" path="/exception"/>
    public Task<DeriveSharedSecretResponse> DeriveSharedSecretAsync(
        DeriveSharedSecretCommand command, CancellationToken cancellationToken = default) =>
        SendAsync<DeriveSharedSecretResponse>(command, cancellationToken);

    /// <summary>Gets what the enclave states about itself: version, measurements, limits, pins, counters. It is not signed.</summary>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <inheritdoc cref="SetClientAsync" path="/exception"/>
    public Task<DescribeResponse> DescribeAsync(CancellationToken cancellationToken = default) =>
        SendAsync<DescribeResponse>(new DescribeCommand(), cancellationToken);

    /// <summary>Gets an attestation document of the enclave. Verify it with <c>AttestationVerifier</c>.</summary>
    /// <param name="command">Nonce and user data, at most 1,024 bytes each.</param>
    /// <param name="cancellationToken">Ends the wait for the response.</param>
    /// <inheritdoc cref="SetClientAsync" path="/exception"/>
    public Task<AttestResponse> AttestAsync(AttestCommand command, CancellationToken cancellationToken = default) =>
        SendAsync<AttestResponse>(command, cancellationToken);

    /// <summary>
    /// Closes the connection, after which the enclave forgets its credentials. Commands that wait for a response are cancelled. May be called
    /// more than once.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, true))
        {
            return;
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        await _reading.ConfigureAwait(false);
        await _input.CompleteAsync().ConfigureAwait(false);
        // An exception keeps the writer from flushing what a failed command left, which could wait for a peer that reads no more.
        await _output.CompleteAsync(new OperationCanceledException()).ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
        _closing.Dispose();
        _sending.Dispose();
    }

    /// <summary>Sends a command whose response is of the type <typeparamref name="TResponse"/>; the caller owns the response.</summary>
    /// <inheritdoc cref="SetClientAsync" path="/exception"/>
    internal async Task<TResponse> SendAsync<TResponse>(EnclaveCommand command, CancellationToken cancellationToken)
        where TResponse : EnclaveResponse =>
        (TResponse)(await CallAsync(command, typeof(TResponse), cancellationToken).ConfigureAwait(false))!;

    private static string DescribeConnectFailure(StreamAddress address, Exception failure) => (address, (failure as SocketException)?.SocketErrorCode) switch
    {
        // A vsock port without a listener responds with a reset; a CID that does not exist is no route or a timeout.
        (StreamAddress.Vsock, SocketError.ConnectionReset) => "nobody listens on that port",
        (StreamAddress.Vsock, SocketError.TimedOut or SocketError.SocketError) => "there is no machine with that CID",
        _ => failure.Message,
    };

    private async Task<EnclaveResponse?> CallAsync(EnclaveCommand command, Type? content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        string operation = command.Operation!;
        var pending = new PendingResponse(operation, content is null ? null : MessageJsonContext.Default.GetTypeInfo(content));
        using var deadline = new Deadline(_timeout, _time, cancellationToken);
        ParsedResponse response;
        try
        {
            await WriteAsync(command, pending, deadline.Token).ConfigureAwait(false);
            response = await pending.Response.WaitAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsOver(e))
        {
            pending.Abandon();
            throw Break(EnclaveFailure.TimedOut, operation, $"no reply within {_timeout.TotalSeconds:0.###} s", e);
        }
        catch (OperationCanceledException)
        {
            pending.Abandon();
            throw;
        }
        catch (IOException e)
        {
            pending.Abandon();
            throw Break(EnclaveFailure.ConnectionLost, operation, $"the connection failed ({e.Message.TrimEnd('.')})", e);
        }

        return response is ParsedResponse.Refused refused
            ? throw Refuse(operation, refused)
            : ((ParsedResponse.Done)response).Content;
    }

    private async Task WriteAsync(EnclaveCommand command, PendingResponse pending, CancellationToken cancellationToken)
    {
        // One after the other, and in the order in which the responses are awaited.
        await _sending.WaitAsync(cancellationToken).ConfigureAwait(false);
        bool written = false;
        try
        {
            if (!_pending.Writer.TryWrite(pending))
            {
                throw _broken ?? Break(EnclaveFailure.ConnectionLost, pending.Operation, "the connection is closed");
            }

            MessageWriter.Write(_output, command);
            await _output.FlushAsync(cancellationToken).ConfigureAwait(false);
            written = true;
            Observe(EnclaveConnectionStep.CommandSent, pending.Operation);
        }
        finally
        {
            // The enclave would read what follows half a message as its end.
            if (!written)
            {
                _pending.Writer.TryComplete();
            }

            _sending.Release();
        }
    }

    private async Task ReadResponsesAsync()
    {
        PendingResponse? pending = null;
        bool duplicateMayFollow = false;
        try
        {
            while (await _pending.Reader.WaitToReadAsync(_closing.Token).ConfigureAwait(false))
            {
                _pending.Reader.TryRead(out pending);
                ParsedResponse response = await ReadResponseAsync(pending!).ConfigureAwait(false);
                // The AWS sample sends a second response to a Decrypt that succeeded, an error without text. That distinguishes it:
                // every other error of either enclave has a Message.
                if (duplicateMayFollow && response is ParsedResponse.Refused { Message: null, Code: null })
                {
                    Observe(EnclaveConnectionStep.DuplicateSkipped, pending!.Operation);
                    response = await ReadResponseAsync(pending).ConfigureAwait(false);
                }

                duplicateMayFollow = response is ParsedResponse.Done { Content: DecryptResponse };
                pending!.Complete(response);
                pending = null;
            }
        }
        catch (OperationCanceledException e)
        {
            FailAll(pending, e);
        }
        catch (IOException e)
        {
            FailAll(pending, Break(EnclaveFailure.ConnectionLost, pending!.Operation, $"the connection failed ({e.Message.TrimEnd('.')})", e));
        }
        catch (EnclaveException e)
        {
            FailAll(pending, e);
        }
    }

    private async Task<ParsedResponse> ReadResponseAsync(PendingResponse pending)
    {
        MessageRead read = await _responses.ReadAsync(_closing.Token).ConfigureAwait(false);
        ParsedResponse response = read.Status switch
        {
            MessageReadStatus.Message => Parse(pending, read.Bytes),
            MessageReadStatus.TooLong => throw Break(
                EnclaveFailure.ProtocolBroken, pending.Operation, $"its reply is longer than {MaxResponseLength} bytes"),
            MessageReadStatus.Truncated => throw Break(
                EnclaveFailure.ConnectionLost, pending.Operation, "it closed the connection within its reply"),
            _ => throw Break(EnclaveFailure.ConnectionLost, pending.Operation, "it closed the connection without a reply"),
        };
        _responses.Release();
        Observe(response is ParsedResponse.Done ? EnclaveConnectionStep.Succeeded : EnclaveConnectionStep.Refused, pending.Operation);
        return response;
    }

    private ParsedResponse Parse(PendingResponse pending, ReadOnlySequence<byte> message)
    {
        using var contiguous = SensitiveBytes.Allocate((int)message.Length);
        message.CopyTo(contiguous.WritableSpan);
        try
        {
            return ResponseParser.Parse(contiguous.Span, pending.Content);
        }
        catch (JsonException)
        {
            throw Break(
                EnclaveFailure.ProtocolBroken,
                pending.Operation,
                $"its answer is not a reply to {pending.Operation} (is it kmstool-enclave that listens there?)");
        }
    }

    private void FailAll(PendingResponse? current, Exception failure)
    {
        _pending.Writer.TryComplete();
        current?.Fail(failure);
        while (_pending.Reader.TryRead(out PendingResponse? next))
        {
            next.Fail(failure);
        }
    }

    private EnclaveException Refuse(string operation, ParsedResponse.Refused response)
    {
        string message = TerminalText.Neutralize(response.Message is { Length: > 0 } text ? text : "no reason given").TrimEnd('.', ':', ' ');
        string code = response.Code is null || message.Contains(response.Code, StringComparison.Ordinal)
            ? ""
            : $" ({TerminalText.Neutralize(response.Code)})";
        return new EnclaveException(
            EnclaveFailure.Refused, Address, TerminalText.EndSentence($"The enclave at {Address} answered {operation} with an error: {message}{code}"))
        {
            Operation = operation,
            Code = response.Code,
            EnclaveMessage = response.Message,
        };
    }

    /// <summary>Makes the connection unusable from here on: a response could be taken for that to another command.</summary>
    private EnclaveException Break(EnclaveFailure failure, string operation, string what, Exception? innerException = null)
    {
        var exception = new EnclaveException(failure, Address, $"The enclave at {Address} did not answer {operation} properly: {what}.", innerException)
        {
            Operation = operation,
        };
        _broken ??= exception;
        _pending.Writer.TryComplete();
        return exception;
    }

    private void Observe(EnclaveConnectionStep step, string? operation) => _observer?.Invoke(new EnclaveConnectionEvent(step, operation));

    /// <summary>A command that was sent and has no response yet.</summary>
    /// <param name="operation">Its operation.</param>
    /// <param name="content">What its response holds; <see langword="null"/> for nothing.</param>
    private sealed class PendingResponse(string operation, JsonTypeInfo? content)
    {
        private readonly TaskCompletionSource<ParsedResponse> _response = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Operation { get; } = operation;

        public JsonTypeInfo? Content { get; } = content;

        public Task<ParsedResponse> Response => _response.Task;

        public void Complete(ParsedResponse response)
        {
            // The caller has given up: clear what the response holds.
            if (!_response.TrySetResult(response) && response is ParsedResponse.Done { Content: { } content })
            {
                content.Dispose();
            }
        }

        public void Fail(Exception exception) => _response.TrySetException(exception);

        /// <summary>The caller does not wait any longer.</summary>
        public void Abandon()
        {
            _response.TrySetCanceled();
            // The response may have come at the same moment.
            if (_response.Task is { IsCompletedSuccessfully: true, Result: ParsedResponse.Done { Content: { } content } })
            {
                content.Dispose();
            }

            // Or the command may have failed: mark the exception as observed.
            _ = _response.Task.Exception;
        }
    }
}
