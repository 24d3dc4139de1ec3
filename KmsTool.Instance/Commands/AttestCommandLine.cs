using System.CommandLine;
using System.Text;
using KmsTool.CommandLine;
using KmsTool.Instance.Verification;
using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance attest</c>: an attestation document of a running enclave, verified where that is asked for.</summary>
internal static class AttestCommandLine
{
    public const string Name = "attest";

    public static Command CreateCommand()
    {
        var enclave = new EnclaveClientOptions(withCredentials: false);
        Option<ReadOnlyMemory<byte>?> nonce = HexOption.Create("--nonce", mayBeRandom: true);
        Option<ReadOnlyMemory<byte>?> userData = HexOption.Create("--user-data");
        var verify = new Option<bool>("--verify");
        var verification = new VerificationOptions();
        var output = new Option<string?>("--output");
        output.AcceptOnlyFromAmong("text", "base64", "raw", "json");
        var command = new Command(Name) { nonce, userData, verify, output };
        verification.AddTo(command);
        enclave.AddTo(command);
        command.SetAction(async (line, cancellationToken) =>
        {
            EnclaveClientSettings request = enclave.Bind(line);
            bool isVerified = line.GetValue(verify);
            string format = line.GetValue(output) ?? (isVerified ? "text" : "base64");
            if (!isVerified && (format == "text" || verification.AreGiven(line)))
            {
                throw new CommandFailedException(ExitCode.WrongUsage, "--output text, --pcr, --root and --simulator go with --verify.");
            }

            // Without a nonce, a document of hours ago would pass for one of this enclave.
            ReadOnlyMemory<byte>? asked = line.GetValue(nonce) ?? (isVerified ? HexOption.CreateRandom() : null);
            var attest = new AttestCommand { Nonce = asked, UserData = line.GetValue(userData) };
            var expectations = new AttestationExpectations
            {
                Pcrs = verification.Pcrs.Bind(line),
                Nonce = asked,
                UserData = attest.UserData,
            };
            // Report what is wrong on the command line before connecting.
            TrustedRoot? root = isVerified ? await verification.LoadRootAsync(line, cancellationToken) : null;
            using ILoggerFactory loggers = LogOutput.Create(request.LogLevel);
            using AttestResponse reply = await EnclaveAction.RunAsync<AttestResponse>(request, attest, loggers.CreateLogger(Name), cancellationToken);
            if (root is not null)
            {
                var check = new DocumentCheck(root, expectations, TimeProvider.System.GetUtcNow());
                await check.RunAsync(reply.Document, ChooseReportFormat(format), withDocument: true, cancellationToken);
            }

            if (root is null || ChooseReportFormat(format) == ReportFormat.None)
            {
                await StandardOutput.WriteAsync(stream => PrintAsync(stream, reply, format, cancellationToken), cancellationToken);
            }

            if (asked is { } bytes)
            {
                await Console.Error.WriteLineAsync($"nonce {Convert.ToHexStringLower(bytes.Span)}");
            }
        });
        return command;
    }

    /// <summary>How the report is written; the other formats are those of the document itself.</summary>
    private static ReportFormat ChooseReportFormat(string output) => output switch
    {
        "text" => ReportFormat.Text,
        "json" => ReportFormat.Json,
        _ => ReportFormat.None,
    };

    private static async Task PrintAsync(Stream output, AttestResponse reply, string format, CancellationToken cancellationToken)
    {
        if (format == "raw")
        {
            await output.WriteAsync(reply.Document, cancellationToken);
        }
        else if (format == "json")
        {
            await ReplyWriter.WriteAsync(output, reply, indented: false, cancellationToken);
        }
        else
        {
            await output.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToBase64String(reply.Document.Span) + "\n"), cancellationToken);
        }
    }
}
