using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Instance.Verification;
using KmsTool.Protocol;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Commands;

/// <summary>Verifies one attestation document and prints what it says, or why it is not valid.</summary>
internal sealed class DocumentCheck(TrustedRoot root, AttestationExpectations expectations, DateTimeOffset at)
{
    // Room for the hexadecimal digits of the largest document, with a space or line break after each byte, in UTF-16.
    private const int MaxInputLength = 128 * 1024;

    /// <summary>Reads a document from a file or stdin, as bytes or in one of the text forms that tools print.</summary>
    /// <exception cref="CommandFailedException">It cannot be read, or is by far too large.</exception>
    public static async Task<byte[]> ReadDocumentAsync(string path, CancellationToken cancellationToken)
    {
        byte[] content = await BoundedInput.ReadAsync(path, "The document", MaxInputLength, cancellationToken);
        return content.Length <= MaxInputLength
            ? DocumentDecoder.Decode(content)
            : throw new CommandFailedException(ExitCode.OperationFailed, string.Create(CultureInfo.InvariantCulture,
                $"The document is not valid ({AttestationFailure.DocumentTooLarge}): it has more than {AttestationVerifier.MaxDocumentLength} bytes"));
    }

    /// <summary>Verifies a document and prints the report.</summary>
    /// <param name="document">COSE_Sign1.</param>
    /// <param name="format">How the report is written; <see cref="ReportFormat.None"/> for stderr only.</param>
    /// <param name="withDocument">Whether the report in JSON holds the document, too.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CommandFailedException">The document is not valid.</exception>
    public async Task RunAsync(ReadOnlyMemory<byte> document, ReportFormat format, bool withDocument, CancellationToken cancellationToken)
    {
        AttestationVerdict verdict = new AttestationVerifier(root.Root).Verify(document, at, expectations);
        if (format == ReportFormat.Json)
        {
            await StandardOutput.WriteAsync(VerificationReport.FormatJson(verdict, root, at, withDocument ? document : null), cancellationToken);
        }

        if (!verdict.IsValid)
        {
            // What was not recognized as text arrives here as it is.
            string advice = verdict.Failure == AttestationFailure.CoseMalformed ? $" {DocumentDecoder.Encodings}" : "";
            throw new CommandFailedException(
                ExitCode.OperationFailed, TerminalText.EndSentence($"The document is not valid ({verdict.Failure}): {verdict.Reason}") + advice);
        }

        if (format == ReportFormat.Text)
        {
            await StandardOutput.WriteAsync(VerificationReport.FormatText(verdict.Document!, root, at), cancellationToken);
        }

        foreach (string warning in ListWarnings(verdict.Document!))
        {
            await Console.Error.WriteLineAsync(warning);
        }
    }

    private IEnumerable<string> ListWarnings(AttestationDocument document)
    {
        if (document.IsDebug)
        {
            yield return "DEBUG MODE: PCR0 measures no image. Whoever runs this enclave reads along, and it may run anything; trust it with no secret.";
        }

        if (expectations.Pcrs is null or { Count: 0 })
        {
            yield return "No measurement was compared (--pcr): the document of any enclave would pass.";
        }

        if (!root.IsAws)
        {
            yield return $"The root is that of {TerminalText.Neutralize(root.Name)}, not AWS's: no AWS hardware vouches for this document.";
        }
    }
}

/// <summary>How the outcome of a verification is printed.</summary>
internal enum ReportFormat
{
    /// <summary>Not at all; only the exit code and stderr tell.</summary>
    None,

    /// <summary>A line for each thing that the document says.</summary>
    Text,

    /// <summary>One JSON object, with the reason where the document is not valid.</summary>
    Json,
}
