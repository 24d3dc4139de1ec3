using System.Globalization;
using System.Text;
using KmsTool.Cli;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Verification;

/// <summary>An attestation document in a file or from stdin: its bytes, or base64 of them.</summary>
internal static class DocumentSource
{
    // Room for the base64 of the largest document with line breaks, in UTF-16 too.
    private const int MaxInputLength = 64 * 1024;

    private static readonly byte[][] ByteOrderMarks = [[0xEF, 0xBB, 0xBF], [0xFF, 0xFE], [0xFE, 0xFF]];

    /// <returns>The document; what is neither it nor base64 as it stands, for the verifier to say what is wrong with it.</returns>
    /// <exception cref="CommandFailedException">It cannot be read, or is by far too large.</exception>
    public static async Task<byte[]> ReadAsync(string path, CancellationToken cancellationToken)
    {
        byte[] content = await BoundedInput.ReadAsync(path, "The document", MaxInputLength, cancellationToken);
        if (content.Length > MaxInputLength)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, string.Create(CultureInfo.InvariantCulture,
                $"The document is not valid ({AttestationFailure.DocumentTooLarge}): it has more than {AttestationVerifier.MaxDocumentLength} bytes"));
        }

        if (!IsText(content))
            return content;

        // Windows PowerShell redirects into UTF-16; the byte order mark tells.
        using var text = new StreamReader(new MemoryStream(content), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        return CommonOptions.TryDecodeBase64(await text.ReadToEndAsync(cancellationToken), out byte[]? document) ? document : content;
    }

    // A document starts with a CBOR tag or array, 0x80 and above; base64 is ASCII.
    private static bool IsText(byte[] content) =>
        content is [< 0x80, ..] || ByteOrderMarks.Any(mark => content.AsSpan().StartsWith(mark));
}
