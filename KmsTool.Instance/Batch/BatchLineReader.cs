using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Batch;

/// <summary>Reads ciphertexts in base64, one a line, in bounded memory whatever the input is.</summary>
/// <param name="input">Where from; closing it stays with the caller.</param>
internal sealed class BatchLineReader(Stream input)
{
    // The base64 of the longest ciphertext, and room for blanks around it.
    private const int MaxLineLength = ((KmsLimits.MaxCiphertextLength + 2) / 3 * 4) + 256;

    private static readonly string TooLong = string.Create(
        CultureInfo.InvariantCulture, $"the line is longer than a ciphertext can be; KMS takes at most {KmsLimits.MaxCiphertextLength} bytes");

    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _start;
    private int _end;
    private bool _atEnd;
    private long _position;
    private long _number;

    /// <summary>Waits for the next line; <see langword="null"/> at the end.</summary>
    /// <exception cref="BatchInputException">The input cannot be read.</exception>
    public async ValueTask<BatchLine?> ReadAsync(CancellationToken cancellationToken)
    {
        bool isTooLong = false;
        while (true)
        {
            int length = _buffer.AsSpan(_start.._end).IndexOf((byte)'\n');
            if (length >= 0)
            {
                return Take(length, separator: 1, isTooLong);
            }

            if (_atEnd)
            {
                return _start == _end && !isTooLong ? null : Take(_end - _start, separator: 0, isTooLong);
            }

            if (_end - _start > MaxLineLength)
            {
                isTooLong = true;
                _position += _end - _start;
                _start = _end;
            }

            await FillAsync(cancellationToken);
        }
    }

    private BatchLine Take(int length, int separator, bool isTooLong)
    {
        ReadOnlySpan<byte> line = _buffer.AsSpan(_start, length);
        _start += length + separator;
        _position += length + separator;
        _number++;
        if (_number == 1 && line.StartsWith("\uFEFF"u8))
        {
            line = line["\uFEFF"u8.Length..];
        }

        byte[]? ciphertext = null;
        string? problem = isTooLong || length > MaxLineLength ? TooLong : Decode(line.Trim(" \t\r"u8), out ciphertext);
        return new BatchLine(_number, _position, ciphertext, problem);
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        _buffer.AsSpan(_start.._end).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        int read;
        try
        {
            // Reading stdin cannot be cancelled; on Ctrl+C it is left behind.
            read = await input.ReadAsync(_buffer.AsMemory(_end), cancellationToken).AsTask().WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BatchInputException(_number, e);
        }

        _atEnd = read == 0;
        _end += read;
    }

    private static string? Decode(ReadOnlySpan<byte> line, out byte[]? ciphertext)
    {
        ciphertext = null;
        if (line.IsEmpty)
        {
            return "the line is blank";
        }

        byte[] decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(line.Length)];
        if (Base64.DecodeFromUtf8(line, decoded, out _, out int length) != OperationStatus.Done)
        {
            return "the line is not base64; give what 'aws kms encrypt --query CiphertextBlob --output text' prints";
        }

        if (length > KmsLimits.MaxCiphertextLength)
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"the ciphertext has {length} bytes and KMS takes at most {KmsLimits.MaxCiphertextLength}");
        }

        ciphertext = decoded.AsSpan(0, length).ToArray();
        return null;
    }
}

/// <summary>One line of a batch's input.</summary>
/// <param name="Number">From 1 on.</param>
/// <param name="End">How many bytes of the input end with it.</param>
/// <param name="Ciphertext">What it holds; <see langword="null"/> if that is not a ciphertext.</param>
/// <param name="Problem">Why it is not a ciphertext; otherwise <see langword="null"/>.</param>
internal sealed record BatchLine(long Number, long End, byte[]? Ciphertext, string? Problem);

/// <summary>The input of a batch cannot be read.</summary>
/// <param name="line">The last line that was read.</param>
/// <param name="innerException">The cause.</param>
internal sealed class BatchInputException(long line, Exception innerException)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"The batch cannot be read after line {line}: {innerException.Message}"), innerException);
