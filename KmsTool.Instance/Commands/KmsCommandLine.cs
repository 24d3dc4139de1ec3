using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>The commands besides decrypt that the enclave has KMS carry out.</summary>
internal static class KmsCommandLine
{
    public const string GenerateDataKey = "generate-data-key";
    public const string GenerateDataKeyPair = "generate-data-key-pair";
    public const string GenerateRandom = "generate-random";
    public const string DeriveSharedSecret = "derive-shared-secret";

    public static IEnumerable<Command> CreateCommands() =>
    [
        Create<GenerateDataKeyResponse>(
            GenerateDataKey, (kms, command) => kms.AddGenerateDataKey(command), (kms, line) => kms.ReadGenerateDataKey(line), secretOf: null),
        Create<GenerateDataKeyPairResponse>(
            GenerateDataKeyPair, (kms, command) => kms.AddGenerateDataKeyPair(command), (kms, line) => kms.ReadGenerateDataKeyPair(line), secretOf: null),
        Create<GenerateRandomResponse>(
            GenerateRandom, (kms, command) => kms.AddGenerateRandom(command), (kms, line) => kms.ReadGenerateRandom(line), reply => reply.Plaintext),
        Create<DeriveSharedSecretResponse>(
            DeriveSharedSecret, (kms, command) => kms.AddDeriveSharedSecret(command), (kms, line) => kms.ReadDeriveSharedSecret(line), reply => reply.SharedSecret),
    ];

    /// <param name="name">The command's name.</param>
    /// <param name="add">Adds its options.</param>
    /// <param name="read">Reads them.</param>
    /// <param name="secretOf">What can be printed by itself; <see langword="null"/> where other members belong to it.</param>
    private static Command Create<TReply>(
        string name,
        Action<KmsCommandOptions, Command> add,
        Func<KmsCommandOptions, ParseResult, KmsCommand> read,
        Func<TReply, SensitiveBytes?>? secretOf)
        where TReply : SecretResponse
    {
        var enclave = new EnclaveClientOptions(withCredentials: true);
        var kms = new KmsCommandOptions(withShortKeySpec: false);
        var command = new Command(name);
        enclave.AddTo(command);
        add(kms, command);
        var output = new Option<string>("--output") { DefaultValueFactory = _ => "json" };
        if (secretOf is not null)
        {
            output.AcceptOnlyFromAmong("json", "base64", "raw");
            command.Add(output);
        }

        command.SetAction(async (line, cancellationToken) =>
        {
            EnclaveClientSettings request = enclave.Bind(line);
            KmsCommand asked = read(kms, line);
            using ILoggerFactory loggers = LogOutput.Create(request.LogLevel);
            using TReply? reply = await EnclaveAction.RunAsync<TReply>(request, asked, loggers.CreateLogger(name), cancellationToken);
            if (reply is null)
            {
                return;
            }

            OutputFormat format = secretOf is null ? OutputFormat.Json : Enum.Parse<OutputFormat>(line.GetRequiredValue(output), ignoreCase: true);
            await SecretPrinter.PrintAsync(reply, secretOf?.Invoke(reply), format, cancellationToken);
        });
        return command;
    }
}
