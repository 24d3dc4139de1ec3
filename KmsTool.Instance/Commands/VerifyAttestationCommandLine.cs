using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KmsTool.CommandLine;
using KmsTool.Instance.Verification;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance verify-attestation</c>: whether an attestation document proves anything, and what.</summary>
internal static class VerifyAttestationCommandLine
{
    public const string Name = "verify-attestation";

    // RFC 3339, which is what 'date -u +%FT%TZ' prints.
    private static readonly string[] TimeFormats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static Command CreateCommand()
    {
        var file = new Argument<string>("FILE") { DefaultValueFactory = _ => InputFile.StandardInput };
        var verification = new VerificationOptions();
        Option<ReadOnlyMemory<byte>?> nonce = HexOption.Create("--nonce");
        Option<ReadOnlyMemory<byte>?> userData = HexOption.Create("--user-data");
        Option<TimeSpan?> maxAge = CommonOptions.OptionalSeconds("--max-age");
        var at = new Option<DateTimeOffset?>("--at") { CustomParser = ParseTime };
        var output = new Option<string>("--output") { DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command(Name) { file, nonce, userData, maxAge, at, output };
        verification.AddTo(command);
        command.SetAction(async (line, cancellationToken) =>
        {
            var expectations = new AttestationExpectations
            {
                Pcrs = verification.Pcrs.Bind(line),
                Nonce = line.GetValue(nonce),
                UserData = line.GetValue(userData),
                MaxAge = line.GetValue(maxAge),
            };
            TrustedRoot root = await verification.LoadRootAsync(line, cancellationToken);
            byte[] document = await DocumentCheck.ReadDocumentAsync(line.GetRequiredValue(file), cancellationToken);
            var check = new DocumentCheck(root, expectations, line.GetValue(at) ?? TimeProvider.System.GetUtcNow());
            ReportFormat format = line.GetRequiredValue(output) == "json" ? ReportFormat.Json : ReportFormat.Text;
            await check.RunAsync(document, format, withDocument: false, cancellationToken);
        });
        return command;
    }

    private static DateTimeOffset? ParseTime(ArgumentResult result)
    {
        string text = result.Tokens.Single().Value;
        if (DateTimeOffset.TryParseExact(text, TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
        {
            return time;
        }

        result.AddError($"--at '{text}' is not a time; an example is 2026-03-14T15:09:26Z.");
        return null;
    }
}
