using KmsTool.CommandLine;
using KmsTool.Instance.Batch;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>Collects results and writes them in larger pieces, from a buffer that is cleared.</summary>
/// <param name="stream">Takes the results; closing it stays with the caller.</param>
/// <param name="hasReader">Tells whether the stream is still read.</param>
/// <param name="format">How a plaintext is written; not <see cref="OutputFormat.Raw"/>.</param>
/// <param name="errors">Takes notes.</param>
internal sealed class BatchOutput(Stream stream, Func<bool> hasReader, OutputFormat format, TextWriter errors) : IBatchOutput, IDisposable
{
    private readonly BatchResultFormatter _formatter = new(format);
    private readonly SensitiveBytes _piece = SensitiveBytes.Allocate(64 * 1024);
    private int _length;
    private Task _writing = Task.CompletedTask;

    /// <inheritdoc/>
    public BatchResult Format(long line, DecryptResponse reply) => _formatter.Format(line, reply);

    /// <inheritdoc/>
    public BatchResult Fail(long line, string reason, string? code) => _formatter.Fail(line, reason, code);

    /// <inheritdoc/>
    public string? Describe(Exception failure) => Failures.Explain(failure);

    /// <inheritdoc/>
    public Task NoteAsync(string text) => errors.WriteLineAsync(text);

    /// <inheritdoc/>
    /// <exception cref="CommandFailedException">The stream is not read any more, or the disk is full.</exception>
    public async ValueTask WriteAsync(SensitiveBytes line, CancellationToken cancellationToken)
    {
        if (line.Length > _piece.Length - _length)
        {
            await FlushAsync(cancellationToken);
        }

        // Longer ones in parts, always from the piece: the line may be cleared while its writing is left behind.
        for (int written = 0; written < line.Length;)
        {
            if (_length == _piece.Length)
            {
                await FlushAsync(cancellationToken);
            }

            int part = Math.Min(line.Length - written, _piece.Length - _length);
            line.Span.Slice(written, part).CopyTo(_piece.WritableSpan[_length..]);
            _length += part;
            written += part;
        }
    }

    /// <inheritdoc/>
    /// <exception cref="CommandFailedException">The stream is not read any more, or the disk is full.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_length == 0)
        {
            return;
        }

        int length = _length;
        // Even if sending fails, nothing is written twice.
        _length = 0;
        await SendAsync(_piece.Memory[..length], cancellationToken);
    }

    public void Dispose()
    {
        // An abandoned write may still be running, and must not write zeros.
        if (_writing.IsCompleted)
        {
            _piece.Dispose();
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (!hasReader())
        {
            throw new CommandFailedException(ExitCode.OperationFailed, "The results could not be written to stdout: no one reads it any more.");
        }

        try
        {
            // Writing to stdout cannot be cancelled; on Ctrl+C it is left behind.
            _writing = stream.WriteAsync(bytes, CancellationToken.None).AsTask();
            await _writing.WaitAsync(cancellationToken);
        }
        catch (IOException e)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"The results could not be written to stdout: {e.Message}", e);
        }
    }
}
