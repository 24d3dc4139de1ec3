using KmsTool.CommandLine;
using KmsTool.Protocol;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Verification;

/// <summary>Verifies one document and prints what it says, or why it says nothing.</summary>
internal sealed class DocumentCheck(TrustedRoot root, AttestationExpectations expectations, DateTimeOffset at)
{
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
            await StandardOutput.WriteAsync(ReportJson.Format(verdict, root, at, withDocument ? document : null), cancellationToken);
        }

        if (!verdict.IsValid)
        {
            // What was not recognized as text arrives here as it is.
            string advice = verdict.Failure == AttestationFailure.CoseMalformed ? $" {DocumentSource.Encodings}" : "";
            throw new CommandFailedException(
                ExitCode.OperationFailed, TerminalText.EndSentence($"The document is not valid ({verdict.Failure}): {verdict.Reason}") + advice);
        }

        if (format == ReportFormat.Text)
        {
            await StandardOutput.WriteAsync(ReportText.Format(verdict.Document!, root, at), cancellationToken);
        }

        foreach (string warning in Warnings(verdict.Document!))
        {
            await Console.Error.WriteLineAsync(warning);
        }
    }

    private IEnumerable<string> Warnings(AttestationDocument document)
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
