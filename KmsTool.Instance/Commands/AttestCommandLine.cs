using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Security.Cryptography;
using KmsTool.Cli;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Nsm;
using Microsoft.Extensions.Logging;
using Command = System.CommandLine.Command;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance attest</c>: an attestation document of a running enclave.</summary>
internal static class AttestCommandLine
{
    public const string Name = "attest";

    private const string RandomNonce = "random";
    private const int RandomNonceLength = 32;

    public static Command CreateCommand()
    {
        var enclave = new EnclaveArguments(withCredentials: false);
        var nonce = new Option<ReadOnlyMemory<byte>?>("--nonce") { CustomParser = result => ParseBytes(result, mayBeRandom: true) };
        var userData = new Option<ReadOnlyMemory<byte>?>("--user-data") { CustomParser = result => ParseBytes(result, mayBeRandom: false) };
        var output = new Option<string>("--output") { DefaultValueFactory = _ => "base64" };
        output.AcceptOnlyFromAmong("base64", "raw", "json");
        var command = new Command(Name) { nonce, userData, output };
        enclave.AddTo(command);
        command.SetAction(async (line, cancellationToken) =>
        {
            EnclaveRequest request = enclave.Bind(line);
            var attest = new AttestCommand { Nonce = line.GetValue(nonce), UserData = line.GetValue(userData) };
            using ILoggerFactory loggers = LogOutput.Create(request.LogLevel);
            using AttestReply reply = await EnclaveCommand.RunAsync<AttestReply>(request, attest, loggers.CreateLogger(Name), cancellationToken);
            await StandardOutput.WriteAsync(stream => PrintAsync(stream, reply, line.GetRequiredValue(output), cancellationToken), cancellationToken);
            if (attest.Nonce is { } asked)
                await Console.Error.WriteLineAsync($"nonce {Convert.ToHexStringLower(asked.Span)}");
        });
        return command;
    }

    private static async Task PrintAsync(Stream output, AttestReply reply, string format, CancellationToken cancellationToken)
    {
        if (format == "raw")
            await output.WriteAsync(reply.Document, cancellationToken);
        else if (format == "json")
            await ReplyWriter.WriteAsync(output, reply, indented: false, cancellationToken);
        else
            await output.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Convert.ToBase64String(reply.Document.Span) + "\n"), cancellationToken);
    }

    private static ReadOnlyMemory<byte>? ParseBytes(ArgumentResult result, bool mayBeRandom)
    {
        string text = result.Tokens.Single().Value;
        if (mayBeRandom && text == RandomNonce)
            return RandomNumberGenerator.GetBytes(RandomNonceLength);

        if (text.Length <= 2 * NsmLimits.MaxAttestationFieldLength && TryParseHex(text, out byte[]? bytes))
            return bytes;

        result.AddError(string.Create(CultureInfo.InvariantCulture,
            $"{((OptionResult)result.Parent!).Option.Name} takes hexadecimal digits, two a byte, of at most {NsmLimits.MaxAttestationFieldLength} bytes{(mayBeRandom ? ", or 'random'" : "")}."));
        return null;
    }

    private static bool TryParseHex(string text, out byte[]? bytes)
    {
        bytes = new byte[text.Length / 2];
        if (text.Length % 2 == 0 && Convert.FromHexString(text, bytes, out _, out int length) == System.Buffers.OperationStatus.Done && length == bytes.Length)
            return true;

        bytes = null;
        return false;
    }
}
