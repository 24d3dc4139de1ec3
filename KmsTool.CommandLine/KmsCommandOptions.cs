using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KmsTool.Protocol.Messages;

namespace KmsTool.CommandLine;

/// <summary>
/// The options of the KMS operations, the same on the instance's command line and on the enclave's. Their one-letter forms
/// are those of kmstool_enclave_cli.
/// </summary>
internal sealed class KmsCommandOptions
{
    private readonly Option<string?> _keyId = new("--key-id", "-K");
    private readonly Option<string[]> _encryptionContext = new("--encryption-context", "-e");
    private readonly Option<string[]> _grantTokens = new("--grant-token");
    private readonly Option<bool> _dryRun = new("--dry-run");
    private readonly Option<string?> _encryptionAlgorithm = new("--encryption-algorithm", "-a");
    private readonly Option<string?> _keySpec = new("--key-spec", "-p") { CustomParser = ParseKeySpec };
    private readonly Option<string?> _keyPairSpec = new("--key-pair-spec") { Required = true };
    private readonly Option<int?> _numberOfBytes = new("--number-of-bytes") { CustomParser = ParseNumberOfBytes };
    private readonly Option<int?> _length = new("--length", "--number-of-bytes", "-l") { CustomParser = ParseNumberOfBytes, Required = true };
    private readonly Option<string?> _publicKey = new("--public-key");
    private readonly Option<string?> _publicKeyFile = new("--public-key-file");

    private readonly bool _asSample;

    /// <param name="withShortKeySpec">Whether <c>-p</c> means the key spec, as in kmstool_enclave_cli, or is another option's.</param>
    /// <param name="asSample">
    /// Whether the AWS sample's rules apply to encryption contexts, see <see cref="EncryptionContextArgument"/>, and to values that
    /// KMS refuses, see <see cref="Refused"/>.
    /// </param>
    public KmsCommandOptions(bool withShortKeySpec, bool asSample = false)
    {
        _asSample = asSample;
        if (!withShortKeySpec)
        {
            _keySpec = new Option<string?>("--key-spec") { CustomParser = ParseKeySpec };
        }

        _encryptionAlgorithm.CompletionSources.Add([.. KmsLimits.EncryptionAlgorithms]);
        _keyPairSpec.AcceptOnlyFromAmong([.. KmsLimits.KeyPairSpecs]);
        _keySpec.CompletionSources.Add([.. KmsLimits.DataKeySpecs]);
    }

    /// <summary>
    /// Makes the failure for a value that KMS would refuse: wrong usage under this program's own names. The sample has KMS
    /// refuse it, so under its names the operation failed.
    /// </summary>
    public CommandFailedException Refused(string message) => new(_asSample ? ExitCode.OperationFailed : ExitCode.WrongUsage, message);

    public void AddDecrypt(Command command) => Add(command, _encryptionContext, _keyId, _encryptionAlgorithm, _grantTokens, _dryRun);

    public void AddGenerateDataKey(Command command) =>
        Add(command, _keyId, _keySpec, _numberOfBytes, _encryptionContext, _grantTokens, _dryRun);

    public void AddGenerateDataKeyPair(Command command) =>
        Add(command, _keyId, _keyPairSpec, _encryptionContext, _grantTokens, _dryRun);

    public void AddGenerateRandom(Command command) => Add(command, _length);

    public void AddDeriveSharedSecret(Command command) => Add(command, _keyId, _publicKey, _publicKeyFile, _grantTokens, _dryRun);

    /// <summary>The command that <paramref name="ciphertext"/> goes into.</summary>
    /// <exception cref="CommandFailedException">From every one of these: a value is past its bound, or two contradict each other.</exception>
    public DecryptCommand ReadDecrypt(ParseResult parseResult, ReadOnlyMemory<byte> ciphertext)
    {
        string? algorithm = parseResult.GetValue(_encryptionAlgorithm);
        string? keyId = ReadKeyId(parseResult);
        if (algorithm is not null && !KmsLimits.EncryptionAlgorithms.Contains(algorithm))
        {
            throw Refused($"--encryption-algorithm '{algorithm}' is not an algorithm of KMS; use {string.Join(", ", KmsLimits.EncryptionAlgorithms)}.");
        }

        if (algorithm is not (null or KmsLimits.SymmetricAlgorithm) && keyId is null)
        {
            throw Refused($"--encryption-algorithm {algorithm} is for asymmetric keys, for which KMS needs --key-id too.");
        }

        return new DecryptCommand
        {
            Ciphertext = ciphertext,
            EncryptionContext = ReadContext(parseResult),
            KeyId = keyId,
            EncryptionAlgorithm = algorithm,
            GrantTokens = ReadGrantTokens(parseResult),
            DryRun = ReadDryRun(parseResult),
        };
    }

    public GenerateDataKeyCommand ReadGenerateDataKey(ParseResult parseResult)
    {
        string? keySpec = parseResult.GetValue(_keySpec);
        int? numberOfBytes = parseResult.GetValue(_numberOfBytes);
        if ((keySpec is null) == (numberOfBytes is null))
        {
            throw UsageError("A data key needs --key-spec (AES_256 or AES_128) or --number-of-bytes (1 to 1024), and only one of them.");
        }

        return new GenerateDataKeyCommand
        {
            KeyId = ReadKeyId(parseResult),
            KeySpec = keySpec,
            NumberOfBytes = numberOfBytes,
            EncryptionContext = ReadContext(parseResult),
            GrantTokens = ReadGrantTokens(parseResult),
            DryRun = ReadDryRun(parseResult),
        };
    }

    public GenerateDataKeyPairCommand ReadGenerateDataKeyPair(ParseResult parseResult) => new()
    {
        KeyId = ReadKeyId(parseResult),
        KeyPairSpec = parseResult.GetRequiredValue(_keyPairSpec)!,
        EncryptionContext = ReadContext(parseResult),
        GrantTokens = ReadGrantTokens(parseResult),
        DryRun = ReadDryRun(parseResult),
    };

    public GenerateRandomCommand ReadGenerateRandom(ParseResult parseResult) => new()
    {
        NumberOfBytes = parseResult.GetRequiredValue(_length)!.Value,
    };

    public DeriveSharedSecretCommand ReadDeriveSharedSecret(ParseResult parseResult) => new()
    {
        KeyId = ReadKeyId(parseResult),
        PublicKey = PublicKeySource.Read(parseResult.GetValue(_publicKey), parseResult.GetValue(_publicKeyFile)),
        GrantTokens = ReadGrantTokens(parseResult),
        DryRun = ReadDryRun(parseResult),
    };

    private static void Add(Command command, params ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
        {
            command.Add(option);
        }
    }

    private string? ReadKeyId(ParseResult parseResult)
    {
        string? keyId = parseResult.GetValue(_keyId);
        return keyId is null || (keyId.Length is > 0 and <= KmsLimits.MaxKeyIdLength && CommonOptions.IsText(keyId))
            ? keyId
            : throw Refused($"--key-id must have 1 to {KmsLimits.MaxKeyIdLength} characters, in valid UTF-8.");
    }

    private Dictionary<string, string>? ReadContext(ParseResult parseResult) =>
        parseResult.GetValue(_encryptionContext) is { Length: > 0 } pairs ? EncryptionContextArgument.Parse(pairs, _asSample) : null;

    private string[]? ReadGrantTokens(ParseResult parseResult)
    {
        if (parseResult.GetValue(_grantTokens) is not { Length: > 0 } tokens)
        {
            return null;
        }

        if (tokens.Length > KmsLimits.MaxGrantTokens)
        {
            throw UsageError($"--grant-token may be given {KmsLimits.MaxGrantTokens} times at most.");
        }

        return Array.TrueForAll(tokens, token => token.Length is > 0 and <= KmsLimits.MaxGrantTokenLength && CommonOptions.IsText(token))
            ? tokens
            : throw UsageError($"--grant-token must have 1 to {KmsLimits.MaxGrantTokenLength} characters, in valid UTF-8.");
    }

    private bool? ReadDryRun(ParseResult parseResult) => parseResult.GetValue(_dryRun) ? true : null;

    // The AWS sample's command line writes a hyphen where KMS has an underscore.
    private static string? ParseKeySpec(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        string spec = text.Replace('-', '_');
        if (KmsLimits.DataKeySpecs.Contains(spec))
        {
            return spec;
        }

        result.AddError($"--key-spec '{text}' is not a key spec; use AES_256 or AES_128, or --number-of-bytes for another length.");
        return null;
    }

    private static int? ParseNumberOfBytes(ArgumentResult result)
    {
        string text = result.Tokens[^1].Value;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is > 0 and <= KmsLimits.MaxRandomLength)
        {
            return number;
        }

        result.AddError($"'{text}' is not a number of bytes; KMS gives 1 to {KmsLimits.MaxRandomLength}.");
        return null;
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}

/// <summary>Reads the NAME=VALUE pairs of <c>--encryption-context</c>.</summary>
internal static class EncryptionContextArgument
{
    /// <summary>Reads the pairs. A value may be empty and may hold further equals signs; a name may not.</summary>
    /// <param name="pairs">The values of the option.</param>
    /// <param name="asSample">
    /// Whether the AWS sample's rules apply: a name may be empty, and the last pair of a name wins. Otherwise both are errors.
    /// </param>
    /// <exception cref="CommandFailedException">No equals sign, no name, a name given twice, no text, or too much of it.</exception>
    public static Dictionary<string, string> Parse(IEnumerable<string> pairs, bool asSample = false)
    {
        var context = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                throw UsageError($"--encryption-context '{pair}' has no '='; write NAME=VALUE.");
            }

            if (equals == 0 && !asSample)
            {
                throw UsageError($"--encryption-context '{pair}' has no name before the '='; write NAME=VALUE.");
            }

            if (!CommonOptions.IsText(pair))
            {
                throw UsageError($"--encryption-context '{pair}' is not valid UTF-8.");
            }

            string name = pair[..equals];
            if (context.ContainsKey(name) && !asSample)
            {
                throw UsageError($"--encryption-context gives the name '{name}' twice.");
            }

            context[name] = pair[(equals + 1)..];
        }

        return context.Sum(pair => pair.Key.Length + pair.Value.Length) <= KmsLimits.MaxEncryptionContextLength
            ? context
            : throw UsageError($"--encryption-context takes {KmsLimits.MaxEncryptionContextLength} characters in all.");
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
