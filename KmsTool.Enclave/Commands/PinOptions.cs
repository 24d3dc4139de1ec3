using System.CommandLine;
using KmsTool.Cli;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;
using Command = System.CommandLine.Command;

namespace KmsTool.Enclave.Commands;

/// <summary>The options that fix what the parent cannot change: they are in the measured image.</summary>
internal sealed class PinOptions
{
    // A client can always be set: it is what the others need. Credentials are pushed where another option says so.
    private static readonly string[] Operations =
        [.. CommandParser.Operations.Where(name => name is not (SetClientCommand.Name or PushCredentialsCommand.Name))];

    private readonly Option<string[]> _allowKey = new(KmsPins.AllowKeyOption) { AllowMultipleArgumentsPerToken = true };
    private readonly Option<string[]> _requireContext = new(KmsPins.RequireContextOption) { AllowMultipleArgumentsPerToken = true };
    private readonly Option<string[]> _operations = new(KmsPins.OperationsOption) { AllowMultipleArgumentsPerToken = true };
    private readonly Option<string> _reply = new("--reply") { DefaultValueFactory = _ => "plaintext" };

    private readonly bool _takesAnyOperation;

    /// <param name="takesAnyOperation">Whether operations of KMS that the daemon does not know may be named.</param>
    public PinOptions(bool takesAnyOperation = false)
    {
        _takesAnyOperation = takesAnyOperation;
        _reply.AcceptOnlyFromAmong("plaintext", "sha256", "none");
        _operations.CompletionSources.Add(Operations);
    }

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_allowKey, _requireContext, _operations, _reply])
            command.Add(option);
    }

    public SecretDisclosure ReadDisclosure(ParseResult parseResult) =>
        Enum.Parse<SecretDisclosure>(parseResult.GetRequiredValue(_reply), ignoreCase: true);

    /// <param name="parseResult">The command line.</param>
    /// <param name="region">The region that the enclave is pinned to, if any.</param>
    /// <exception cref="CommandFailedException">A pin is malformed, or the pins contradict each other.</exception>
    public KmsPins Read(ParseResult parseResult, string? region)
    {
        string[] operations = parseResult.GetValue(_operations) ?? [];
        KmsKeyArn[] keys = [.. (parseResult.GetValue(_allowKey) ?? []).Select(ParseKey)];
        if (region is not null && keys.FirstOrDefault(key => key.Region != region) is { } elsewhere)
            throw Wrong($"{KmsPins.AllowKeyOption} {elsewhere} is a key of another region than {region}, which the enclave is pinned to.");

        return new KmsPins
        {
            AllowedKeys = keys,
            RequiredContext = ParseContext(parseResult.GetValue(_requireContext) ?? []),
            Operations = operations.Length == 0 ? null : [.. operations.SelectMany(list => list.Split(',')).Select(ParseOperation).Distinct()],
        };
    }

    private static KmsKeyArn ParseKey(string text) => KmsKeyArn.TryParse(text, out KmsKeyArn? key)
        ? key
        : throw Wrong($"{KmsPins.AllowKeyOption} '{text}' is no key ARN; write arn:aws:kms:REGION:ACCOUNT:key/ID, as 'aws kms describe-key' prints it. An alias cannot be pinned.");

    private static RequiredContext[] ParseContext(string[] texts)
    {
        try
        {
            RequiredContext[] required = [.. texts.Select(RequiredContext.Parse)];
            return required.GroupBy(pair => pair.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice
                ? throw Wrong($"{KmsPins.RequireContextOption} gives the name '{twice.Key}' twice.")
                : required;
        }
        catch (FormatException e)
        {
            throw Wrong($"{KmsPins.RequireContextOption} {e.Message}.");
        }
    }

    private string ParseOperation(string text) =>
        Operations.FirstOrDefault(operation => operation.Equals(text, StringComparison.OrdinalIgnoreCase))
        ?? (_takesAnyOperation && KmsOperation.IsName(text) && char.IsAsciiLetterUpper(text[0]) ? text : null)
        ?? throw Wrong($"{KmsPins.OperationsOption} '{text}' is no operation; there are {string.Join(", ", Operations)}.");

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
