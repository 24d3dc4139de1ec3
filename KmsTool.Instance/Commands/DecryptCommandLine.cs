using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Batch;
using KmsTool.Protocol.Messages;
using Command = System.CommandLine.Command;

namespace KmsTool.Instance.Commands;

/// <summary>The arguments of decrypt, which the program takes with and without the word <c>decrypt</c>.</summary>
internal sealed class DecryptCommandLine
{
    public const string Name = "decrypt";

    private readonly Argument<string?> _ciphertext = new("CIPHERTEXT") { Arity = ArgumentArity.ZeroOrOne };
    private readonly EnclaveArguments _enclave;
    private readonly KmsCommandOptions _kms;
    private readonly Option<string?> _file = new("--file");
    private readonly Option<string> _fileFormat = new("--file-format") { DefaultValueFactory = _ => "base64" };
    private readonly BatchArguments _batch = new();
    private readonly Option<string> _output = new("--output") { DefaultValueFactory = _ => "text" };

    /// <param name="asSample">
    /// Whether the program was started under the name of the AWS sample's, which looks for no region where --region is absent.
    /// </param>
    public DecryptCommandLine(bool asSample = false)
    {
        _enclave = new EnclaveArguments(withCredentials: true, findsRegion: !asSample);
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
    internal DecryptRequest Bind(ParseResult parseResult)
    {
        _batch.CheckAbsent(parseResult);
        return new DecryptRequest
        {
            Enclave = _enclave.Bind(parseResult),
            Command = _kms.ReadDecrypt(parseResult, ciphertext: default),
            Ciphertext = BindCiphertext(parseResult),
            Output = BindOutput(parseResult),
        };
    }

    /// <inheritdoc cref="Bind"/>
    internal BatchRequest BindBatch(ParseResult parseResult)
    {
        DecryptCommand command = _kms.ReadDecrypt(parseResult, ciphertext: default);
        if (parseResult.GetValue(_ciphertext) is not null)
        {
            throw Wrong("Two sources of ciphertexts: give one as an argument or many with --batch, not both.");
        }

        if (parseResult.GetValue(_file) is not null)
        {
            throw Wrong("Two sources of ciphertexts: --file holds one, --batch one a line.");
        }

        if (parseResult.GetResult(_fileFormat) is { Implicit: false })
        {
            throw Wrong("--file-format goes with --file or -; a batch is base64, one ciphertext a line.");
        }

        if (command.DryRun == true)
        {
            throw Wrong("--dry-run does not go with --batch; try it with one ciphertext.");
        }

        BatchFormat format = BindOutput(parseResult) switch
        {
            OutputFormat.Text => BatchFormat.Text,
            OutputFormat.Base64 => BatchFormat.Base64,
            OutputFormat.Json => BatchFormat.Json,
            _ => throw Wrong("--output raw does not go with --batch: nothing would tell where a plaintext ends; use base64 or json."),
        };
        return new BatchRequest { Enclave = _enclave.Bind(parseResult), Command = command, Options = _batch.Bind(parseResult, format) };
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
                ? CiphertextSource.File(path, holdsBytes ? CiphertextFormat.Raw : CiphertextFormat.Base64)
                : throw Wrong("file:// and fileb:// say what the file holds; --file and --file-format do not go with them.");
        }

        CiphertextFormat format = parseResult.GetRequiredValue(_fileFormat) == "raw" ? CiphertextFormat.Raw : CiphertextFormat.Base64;
        return (argument, file) switch
        {
            (null, null) => throw Wrong("No ciphertext: give it as an argument, with --file, or - to read it from stdin."),
            (not null, not null) => throw Wrong("Two ciphertexts: give it as an argument or with --file, not both."),
            (InputFile.StandardInput, null) => CiphertextSource.File(InputFile.StandardInput, format),
            (null, not null) => CiphertextSource.File(file, format),
            _ when format == CiphertextFormat.Raw => throw Wrong("--file-format raw goes with --file or -; an argument is base64."),
            _ => CiphertextSource.Argument(argument),
        };
    }

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
