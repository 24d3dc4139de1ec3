using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>The arguments of decrypt, which the program takes with and without the word <c>decrypt</c>.</summary>
internal sealed class DecryptCommandLine
{
    public const string Name = "decrypt";

    private readonly Argument<string?> _ciphertext = new("CIPHERTEXT") { Arity = ArgumentArity.ZeroOrOne };
    private readonly EnclaveClientOptions _enclave;
    private readonly KmsCommandOptions _kms;
    private readonly Option<string?> _file = new("--file");
    private readonly Option<string> _fileFormat = new("--file-format") { DefaultValueFactory = _ => "base64" };
    private readonly BatchOptions _batch = new();
    private readonly Option<string> _output = new("--output") { DefaultValueFactory = _ => "text" };

    /// <param name="asSample">
    /// Whether the program was started under the name of the AWS sample's, which looks for no region where --region is absent.
    /// </param>
    public DecryptCommandLine(bool asSample = false)
    {
        _enclave = new EnclaveClientOptions(withCredentials: true, findsRegion: !asSample);
        _kms = new KmsCommandOptions(withShortKeySpec: false, asSample);
        _fileFormat.AcceptOnlyFromAmong("base64", "raw");
        _output.AcceptOnlyFromAmong("text", "base64", "json", "raw");
    }

    public Command CreateCommand()
    {
        var command = new Command(Name);
        AddTo(command);
        return command;
    }

    public void AddTo(Command command)
    {
        command.Add(_ciphertext);
        _enclave.AddTo(command);
        _kms.AddDecrypt(command);
        command.Add(_file);
        command.Add(_fileFormat);
        command.Add(_output);
        _batch.AddTo(command);
        command.SetAction(RunAsync);
    }

    /// <exception cref="CommandFailedException">The options contradict each other, or a value makes no sense.</exception>
    internal DecryptSettings Bind(ParseResult parseResult)
    {
        _batch.CheckAbsent(parseResult);
        return new DecryptSettings
        {
            Enclave = _enclave.Bind(parseResult),
            Command = _kms.ReadDecrypt(parseResult, ciphertext: default),
            Ciphertext = BindCiphertext(parseResult),
            Output = BindOutput(parseResult),
        };
    }

    /// <inheritdoc cref="Bind"/>
    internal BatchSettings BindBatch(ParseResult parseResult)
    {
        DecryptCommand command = _kms.ReadDecrypt(parseResult, ciphertext: default);
        if (parseResult.GetValue(_ciphertext) is not null)
        {
            throw UsageError("Two sources of ciphertexts: give one as an argument or many with --batch, not both.");
        }

        if (parseResult.GetValue(_file) is not null)
        {
            throw UsageError("Two sources of ciphertexts: --file holds one, --batch one a line.");
        }

        if (parseResult.GetResult(_fileFormat) is { Implicit: false })
        {
            throw UsageError("--file-format goes with --file or -; a batch is base64, one ciphertext a line.");
        }

        if (command.DryRun == true)
        {
            throw UsageError("--dry-run does not go with --batch; try it with one ciphertext.");
        }

        OutputFormat format = BindOutput(parseResult);
        if (format == OutputFormat.Raw)
        {
            throw UsageError("--output raw does not go with --batch: nothing would tell where a plaintext ends; use base64 or json.");
        }

        return _batch.Bind(parseResult, _enclave.Bind(parseResult), command, format);
    }

    private async Task<int> RunAsync(ParseResult parseResult, CancellationToken cancellationToken)
    {
        if (_batch.IsGiven(parseResult))
        {
            return (int)await BatchAction.RunAsync(BindBatch(parseResult), cancellationToken);
        }

        await DecryptAction.RunAsync(Bind(parseResult), cancellationToken);
        return (int)ExitCode.Success;
    }

    private OutputFormat BindOutput(ParseResult parseResult) =>
        Enum.Parse<OutputFormat>(parseResult.GetRequiredValue(_output), ignoreCase: true);

    private CiphertextSource BindCiphertext(ParseResult parseResult)
    {
        string? argument = parseResult.GetValue(_ciphertext);
        string? file = parseResult.GetValue(_file);
        if (argument is not null && InputFile.TryParseReference(argument, out string? path, out bool holdsBytes))
        {
            return file is null && parseResult.GetResult(_fileFormat) is not { Implicit: false }
                ? CiphertextSource.FromFile(path, holdsBytes ? CiphertextFormat.Raw : CiphertextFormat.Base64)
                : throw UsageError("file:// and fileb:// say what the file holds; --file and --file-format do not go with them.");
        }

        CiphertextFormat format = parseResult.GetRequiredValue(_fileFormat) == "raw" ? CiphertextFormat.Raw : CiphertextFormat.Base64;
        return (argument, file) switch
        {
            (null, null) => throw UsageError("No ciphertext: give it as an argument, with --file, or - to read it from stdin."),
            (not null, not null) => throw UsageError("Two ciphertexts: give it as an argument or with --file, not both."),
            (InputFile.StandardInput, null) => CiphertextSource.FromFile(InputFile.StandardInput, format),
            (null, not null) => CiphertextSource.FromFile(file, format),
            _ when format == CiphertextFormat.Raw => throw UsageError("--file-format raw goes with --file or -; an argument is base64."),
            _ => CiphertextSource.FromArgument(argument),
        };
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}

/// <summary>Takes credentials and a ciphertext to the enclave and prints the plaintext that comes back.</summary>
internal static partial class DecryptAction
{
    /// <exception cref="CommandFailedException">It did not work.</exception>
    public static async Task RunAsync(DecryptSettings request, CancellationToken cancellationToken)
    {
        using ILoggerFactory loggers = LogOutput.Create(request.Enclave.LogLevel);
        ILogger logger = loggers.CreateLogger(DecryptCommandLine.Name);

        Log.ReadingCiphertext(logger, request.Ciphertext.ToString());
        DecryptCommand command = request.Command with { Ciphertext = await request.Ciphertext.ReadAsync(cancellationToken) };
        using DecryptResponse? reply = await EnclaveAction.RunAsync<DecryptResponse>(request.Enclave, command, logger, cancellationToken);
        if (reply is null)
        {
            return;
        }

        if (reply.Plaintext is { } plaintext)
        {
            await StandardOutput.WriteAsync(output => PlaintextWriter.WriteAsync(output, plaintext, request.Output, cancellationToken), cancellationToken);
        }
        else
        {
            await SecretPrinter.PrintAsync(reply, secret: null, request.Output, cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Debug, "reading the ciphertext from {Source}")]
        public static partial void ReadingCiphertext(ILogger logger, string source);
    }
}

/// <summary>A decrypt command line, checked.</summary>
internal sealed record DecryptSettings
{
    public required EnclaveClientSettings Enclave { get; init; }

    public required CiphertextSource Ciphertext { get; init; }

    /// <summary>All of the command but its ciphertext.</summary>
    public required DecryptCommand Command { get; init; }

    public OutputFormat Output { get; init; }
}
