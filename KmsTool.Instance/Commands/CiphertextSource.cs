using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>Where the ciphertext comes from; checks it before anything is sent.</summary>
internal sealed class CiphertextSource
{
    // Room for the base64 of the longest ciphertext with line breaks, in UTF-16 too.
    private const int MaxInputLength = 64 * 1024;

    private readonly string? _text;
    private readonly string? _path;
    private readonly CiphertextFormat _format;

    private CiphertextSource(string? text, string? path, CiphertextFormat format)
    {
        _text = text;
        _path = path;
        _format = format;
    }

    public static CiphertextSource FromArgument(string base64) => new(base64, null, CiphertextFormat.Base64);

    /// <param name="path">A file, or <see cref="InputFile.StandardInput"/>.</param>
    /// <param name="format">What it holds.</param>
    public static CiphertextSource FromFile(string path, CiphertextFormat format) => new(null, path, format);

    /// <exception cref="CommandFailedException">It cannot be read, is not base64, is empty or longer than KMS allows.</exception>
    public async Task<byte[]> ReadAsync(CancellationToken cancellationToken)
    {
        byte[] ciphertext = _text is not null ? Decode(_text) : await ReadFileAsync(_path!, cancellationToken);
        if (ciphertext.Length == 0)
        {
            throw UsageError("The ciphertext is empty.");
        }

        return ciphertext.Length <= KmsLimits.MaxCiphertextLength
            ? ciphertext
            : throw UsageError(DescribeTooLong(ciphertext.Length.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Names the source, not what it holds.</summary>
    public override string ToString() => _path switch
    {
        null => "the command line",
        InputFile.StandardInput => "stdin",
        _ => TerminalText.Neutralize(_path),
    };

    private async Task<byte[]> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        byte[] content = await BoundedInput.ReadAsync(path, "The ciphertext", MaxInputLength, cancellationToken);
        if (content.Length > MaxInputLength)
        {
            throw UsageError(DescribeTooLong("over " + (MaxInputLength / 2).ToString(CultureInfo.InvariantCulture)));
        }

        if (_format == CiphertextFormat.Raw)
        {
            return content;
        }

        // Windows PowerShell redirects into UTF-16; the byte order mark tells.
        using var text = new StreamReader(new MemoryStream(content), detectEncodingFromByteOrderMarks: true);
        return Decode(await text.ReadToEndAsync(cancellationToken));
    }

    private byte[] Decode(string base64)
    {
        if (CommonOptions.TryDecodeBase64(base64, out byte[]? ciphertext))
        {
            return ciphertext;
        }

        string hint = _path is null ? "" : ", or say --file-format raw if it holds the bytes themselves";
        throw UsageError(
            "The ciphertext is not base64; give what 'aws kms encrypt --query CiphertextBlob --output text' prints" + hint + ".");
    }

    private static string DescribeTooLong(string length) =>
        string.Create(CultureInfo.InvariantCulture,
            $"The ciphertext has {length} bytes and KMS takes at most {KmsLimits.MaxCiphertextLength}; encrypt data keys with KMS, and data with those.");

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}

/// <summary>What a file or stdin holds.</summary>
internal enum CiphertextFormat
{
    /// <summary>Base64 text, as <c>aws kms encrypt --query CiphertextBlob --output text</c> prints it.</summary>
    Base64,

    /// <summary>The ciphertext's bytes.</summary>
    Raw,
}
