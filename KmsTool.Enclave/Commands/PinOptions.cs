using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Commands;

/// <summary>
/// The options that fix what the parent cannot change, as they are in the measured image, each with its environment variable
/// (<see cref="PinVariables"/>). Where both are given, both hold.
/// </summary>
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
    private readonly bool _hasReply;

    /// <param name="takesAnyOperation">Whether operations of KMS that the daemon does not know may be named.</param>
    /// <param name="hasReply">Whether secrets are sent to the instance, so that an option may withhold them.</param>
    public PinOptions(bool takesAnyOperation = false, bool hasReply = true)
    {
        _takesAnyOperation = takesAnyOperation;
        _hasReply = hasReply;
        _reply.AcceptOnlyFromAmong("plaintext", "sha256", "none");
        _operations.CompletionSources.Add(Operations);
    }

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_allowKey, _requireContext, _operations])
        {
            command.Add(option);
        }

        if (_hasReply)
        {
            command.Add(_reply);
        }
    }

    public SecretDisclosure ReadDisclosure(ParseResult parseResult) =>
        Enum.Parse<SecretDisclosure>(parseResult.GetRequiredValue(_reply), ignoreCase: true);

    /// <param name="parseResult">The command line.</param>
    /// <param name="environment">The variables.</param>
    /// <param name="region">The region that the enclave is pinned to, if any.</param>
    /// <exception cref="CommandFailedException">A pin is malformed, or the pins contradict each other.</exception>
    public KmsPins Bind(ParseResult parseResult, Func<string, string?> environment, string? region)
    {
        KmsKeyArn[] keys = Combine(KmsPins.AllowKeyOption, parseResult.GetValue(_allowKey) ?? [], environment, ParseKey);
        if (region is not null && keys.FirstOrDefault(key => key.Region != region) is { } elsewhere)
        {
            throw UsageError($"{KmsPins.AllowKeyOption} {elsewhere} is a key of another region than {region}, which the enclave is pinned to.");
        }

        IEnumerable<string> listed = (parseResult.GetValue(_operations) ?? []).SelectMany(list => list.Split(','));
        string[] operations = Combine(KmsPins.OperationsOption, listed, environment, ParseOperation);
        return new KmsPins
        {
            AllowedKeys = keys,
            RequiredContext = ReadContext(parseResult, environment),
            Operations = operations.Length == 0 ? null : operations,
        };
    }

    /// <summary>What both the option and its variable admit, or the one that is given.</summary>
    private static T[] Combine<T>(string option, IEnumerable<string> values, Func<string, string?> environment, Func<string, string, T> parse)
    {
        string variable = PinVariables.NameOf(option);
        T[] ofImage = [.. PinVariables.ReadList(environment, option).Select(text => parse(text, variable)).Distinct()];
        T[] ofLine = [.. values.Select(text => parse(text, option)).Distinct()];
        if (ofImage.Length == 0 || ofLine.Length == 0)
        {
            return [.. ofImage, .. ofLine];
        }

        T[] both = [.. ofLine.Intersect(ofImage)];
        return both.Length > 0
            ? both
            : throw UsageError($"{option} {string.Join(',', ofLine)} names nothing that {variable} '{string.Join(',', ofImage)}' admits. Name one of those.");
    }

    private static KmsKeyArn ParseKey(string text, string source) => KmsKeyArn.TryParse(text, out KmsKeyArn? key)
        ? key
        : throw UsageError($"{source} '{text}' is not a key ARN; write arn:aws:kms:REGION:ACCOUNT:key/ID, as 'aws kms describe-key' prints it. An alias cannot be pinned.");

    private RequiredContext[] ReadContext(ParseResult parseResult, Func<string, string?> environment)
    {
        string variable = PinVariables.NameOf(KmsPins.RequireContextOption);
        RequiredContext[] ofImage = ParseContext(PinVariables.ReadList(environment, KmsPins.RequireContextOption), variable);
        RequiredContext[] ofLine = ParseContext(parseResult.GetValue(_requireContext) ?? [], KmsPins.RequireContextOption);
        return [.. ofLine.Concat(ofImage).GroupBy(pair => pair.Name, StringComparer.Ordinal).Select(group =>
            group.Select(pair => pair.Value).OfType<string>().Distinct().ToArray() is { Length: <= 1 } values
                ? new RequiredContext(group.Key, values.SingleOrDefault())
                : throw UsageError($"{KmsPins.RequireContextOption} and {variable} require different values of '{group.Key}'. Require one of them."))];
    }

    private static RequiredContext[] ParseContext(string[] texts, string source)
    {
        try
        {
            RequiredContext[] required = [.. texts.Select(RequiredContext.Parse)];
            return required.GroupBy(pair => pair.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice
                ? throw UsageError($"{source} gives the name '{twice.Key}' twice.")
                : required;
        }
        catch (FormatException e)
        {
            throw UsageError($"{source} {e.Message}.");
        }
    }

    // A variable is for all commands of the image, of which the KMS proxy carries out more than the others.
    private string ParseOperation(string text, string source) =>
        Operations.FirstOrDefault(operation => operation.Equals(text, StringComparison.OrdinalIgnoreCase))
        ?? ((_takesAnyOperation || source != KmsPins.OperationsOption) && KmsOperation.IsName(text) && char.IsAsciiLetterUpper(text[0]) ? text : null)
        ?? throw UsageError($"{source} '{text}' is not an operation; there are {string.Join(", ", Operations)}.");

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
