using System.CommandLine;
using System.Text;
using KmsTool.CommandLine;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>
/// The commands for a program inside the enclave, which take the arguments of kmstool_enclave_cli and print what it prints.
/// </summary>
internal static class KmsCommandLine
{
    public const string Decrypt = "decrypt";
    public const string GenerateDataKey = "genkey";
    public const string GenerateRandom = "genrandom";
    public const string GenerateDataKeyPair = "generate-data-key-pair";
    public const string DeriveSharedSecret = "derive-shared-secret";

    // Room for the base64 of the longest ciphertext with line breaks.
    private const int MaxCiphertextFileLength = 16 * 1024;

    /// <param name="asSample">Whether the program was started under the name of the AWS sample's.</param>
    public static IEnumerable<Command> CreateCommands(bool asSample)
    {
        Command create(string name, Action<Command, KmsCommandOptions> add, Func<KmsCommandOptions, ParseResult, KmsCommand> read) =>
            Create(name, new KmsCommandOptions(withShortKeySpec: true, asSample), add, read);

        var ciphertext = new Option<string>("--ciphertext", "-c") { Required = true };
        yield return create(
            Decrypt,
            (command, kms) =>
            {
                command.Add(ciphertext);
                kms.AddDecrypt(command);
            },
            (kms, parseResult) => kms.ReadDecrypt(parseResult, ReadCiphertext(kms, parseResult.GetRequiredValue(ciphertext))));
        yield return create(GenerateDataKey, (command, kms) => kms.AddGenerateDataKey(command), (kms, parseResult) => kms.ReadGenerateDataKey(parseResult));
        yield return create(GenerateRandom, (command, kms) => kms.AddGenerateRandom(command), (kms, parseResult) => kms.ReadGenerateRandom(parseResult));
        yield return create(
            GenerateDataKeyPair, (command, kms) => kms.AddGenerateDataKeyPair(command), (kms, parseResult) => kms.ReadGenerateDataKeyPair(parseResult));
        yield return create(
            DeriveSharedSecret, (command, kms) => kms.AddDeriveSharedSecret(command), (kms, parseResult) => kms.ReadDeriveSharedSecret(parseResult));
    }

    private static Command Create(
        string name, KmsCommandOptions arguments, Action<Command, KmsCommandOptions> add, Func<KmsCommandOptions, ParseResult, KmsCommand> read)
    {
        var kms = new KmsOptions("AWS_REGION", "AWS_DEFAULT_REGION");
        var pins = new PinOptions(hasReply: false);
        var startup = new StartupOptions();
        var credentials = new CredentialOptions();
        Option<TimeSpan> timeout = CommonOptions.Seconds("--timeout", byDefault: 30);
        var logLevel = new LogLevelOption(LogLevel.Warning);
        var command = new Command(name) { timeout };
        logLevel.AddTo(command);
        add(command, arguments);
        kms.AddTo(command);
        pins.AddTo(command);
        startup.AddTo(command);
        credentials.AddTo(command);
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            KmsCommand asked = read(arguments, parseResult);
            using ILoggerFactory loggers = LogOutput.Create(logLevel.Read(parseResult));
            var action = new KmsAction(
                kms.Bind(parseResult, Environment.GetEnvironmentVariable) with
                {
                    Pins = pins.Bind(parseResult, Environment.GetEnvironmentVariable, region: null),
                    Startup = startup.Bind(parseResult, Environment.GetEnvironmentVariable),
                },
                parseResult.GetValue(timeout),
                TimeProvider.System,
                loggers.CreateLogger("kmstool-enclave"));
            await action.RunAsync(
                asked, token => credentials.ReadAsync(parseResult, Environment.GetEnvironmentVariable, token), cancellationToken);
            return (int)ExitCode.Success;
        });
        return command;
    }

    private static byte[] ReadCiphertext(KmsCommandOptions kms, string value)
    {
        byte[] ciphertext = InputFile.TryParseReference(value, out string? path, out bool holdsBytes)
            ? InputFile.Read(path, "The ciphertext", MaxCiphertextFileLength)
            : Encoding.UTF8.GetBytes(value);
        if (!holdsBytes)
        {
            ciphertext = CommonOptions.TryDecodeBase64(Encoding.UTF8.GetString(ciphertext), out byte[]? decoded)
                ? decoded
                : throw kms.Refused(ErrorTexts.CiphertextNotBase64);
        }

        return ciphertext.Length is > 0 and <= KmsLimits.MaxCiphertextLength
            ? ciphertext
            : throw kms.Refused($"The ciphertext has {ciphertext.Length} bytes; KMS takes 1 to {KmsLimits.MaxCiphertextLength}");
    }
}
