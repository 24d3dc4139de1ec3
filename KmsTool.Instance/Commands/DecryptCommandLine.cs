using System.CommandLine;
using KmsTool.Cli;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;
using Command = System.CommandLine.Command;

namespace KmsTool.Instance.Commands;

/// <summary>The arguments of decrypt, which the program takes with and without the word <c>decrypt</c>.</summary>
internal sealed class DecryptCommandLine
{
    public const string Name = "decrypt";

    private readonly Argument<string?> _ciphertext = new("CIPHERTEXT") { Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string> _cid = new("--cid", "-c") { Required = true };
    private readonly Option<uint?> _port = new("--port", "-p") { CustomParser = CommonOptions.ParseVsockPort };
    private readonly Option<string?> _region = new("--region", "-r");
    private readonly CredentialArguments _credentials = new();
    private readonly Option<string[]> _encryptionContext = new("--encryption-context", "-e");
    private readonly Option<string?> _keyId = new("--key-id");
    private readonly Option<string?> _encryptionAlgorithm = new("--encryption-algorithm");
    private readonly Option<string[]> _grantTokens = new("--grant-token");
    private readonly Option<string?> _file = new("--file");
    private readonly Option<string> _fileFormat = new("--file-format") { DefaultValueFactory = _ => "base64" };
    private readonly Option<string> _output = new("--output") { DefaultValueFactory = _ => "text" };
    private readonly Option<TimeSpan> _timeout = CommonOptions.Seconds("--timeout", byDefault: 60);
    private readonly Option<string> _logLevel = CommonOptions.LogLevel(LogLevel.Warning);

    public DecryptCommandLine()
    {
        _encryptionAlgorithm.AcceptOnlyFromAmong([.. KmsLimits.EncryptionAlgorithms]);
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
        command.Add(_cid);
        command.Add(_port);
        command.Add(_region);
        _credentials.AddTo(command);
        command.Add(_encryptionContext);
        command.Add(_keyId);
        command.Add(_encryptionAlgorithm);
        command.Add(_grantTokens);
        command.Add(_file);
        command.Add(_fileFormat);
        command.Add(_output);
        command.Add(_timeout);
        command.Add(_logLevel);
        command.SetAction((parseResult, cancellationToken) => DecryptAction.RunAsync(Bind(parseResult), cancellationToken));
    }

    /// <exception cref="CommandFailedException">The options contradict each other, or a value makes no sense.</exception>
    internal DecryptRequest Bind(ParseResult parseResult)
    {
        string? region = BindRegion(parseResult);
        string[] contextPairs = parseResult.GetValue(_encryptionContext) ?? [];
        string[] grantTokens = parseResult.GetValue(_grantTokens) ?? [];
        string? keyId = parseResult.GetValue(_keyId);
        string? algorithm = parseResult.GetValue(_encryptionAlgorithm);
        if (grantTokens.Length > KmsLimits.MaxGrantTokens)
            throw Wrong($"--grant-token may be given {KmsLimits.MaxGrantTokens} times at most.");
        if (keyId is { Length: 0 or > KmsLimits.MaxKeyIdLength })
            throw Wrong($"--key-id must have 1 to {KmsLimits.MaxKeyIdLength} characters.");
        if (algorithm is not null and not "SYMMETRIC_DEFAULT" && keyId is null)
            throw Wrong($"--encryption-algorithm {algorithm} is for asymmetric keys, for which KMS needs --key-id too.");

        return new DecryptRequest
        {
            Enclave = EnclaveAddress.Parse(parseResult.GetRequiredValue(_cid), parseResult.GetValue(_port)),
            Ciphertext = BindCiphertext(parseResult),
            Region = region,
            Credentials = _credentials.Bind(parseResult, region, parseResult.GetValue(_timeout), Environment.GetEnvironmentVariable),
            EncryptionContext = contextPairs.Length > 0 ? EncryptionContext.Parse(contextPairs) : null,
            KeyId = keyId,
            EncryptionAlgorithm = algorithm,
            GrantTokens = grantTokens.Length > 0 ? grantTokens : null,
            Output = Enum.Parse<OutputFormat>(parseResult.GetRequiredValue(_output), ignoreCase: true),
            Timeout = parseResult.GetValue(_timeout),
            LogLevel = CommonOptions.ParseLogLevel(parseResult.GetRequiredValue(_logLevel)),
        };
    }

    private CiphertextSource BindCiphertext(ParseResult parseResult)
    {
        string? argument = parseResult.GetValue(_ciphertext);
        string? file = parseResult.GetValue(_file);
        CiphertextFormat format = parseResult.GetRequiredValue(_fileFormat) == "raw" ? CiphertextFormat.Raw : CiphertextFormat.Base64;
        return (argument, file) switch
        {
            (null, null) => throw Wrong("No ciphertext: give it as an argument, with --file, or - to read it from stdin."),
            (not null, not null) => throw Wrong("Two ciphertexts: give it as an argument or with --file, not both."),
            (CiphertextSource.StandardInput, null) => CiphertextSource.File(CiphertextSource.StandardInput, format),
            (null, not null) => CiphertextSource.File(file, format),
            _ when format == CiphertextFormat.Raw => throw Wrong("--file-format raw goes with --file or -; an argument is base64."),
            _ => CiphertextSource.Argument(argument),
        };
    }

    private string? BindRegion(ParseResult parseResult)
    {
        string? region = parseResult.GetValue(_region);
        return region is null || AwsRegion.IsWellFormed(region) ? region : throw Wrong($"--region '{region}' is no AWS region; an example is eu-central-1.");
    }

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
