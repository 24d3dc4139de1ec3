using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.RegularExpressions;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// What the measured configuration fixes, whatever a request says. Whoever carries out an operation applies it; none can
/// be had around it.
/// </summary>
internal sealed record KmsPins
{
    public const string AllowKeyOption = "--allow-key";
    public const string RequireContextOption = "--require-encryption-context";
    public const string OperationsOption = "--operations";

    public static KmsPins None { get; } = new();

    /// <summary>The only keys that may be used; empty for any.</summary>
    public IReadOnlyList<KmsKeyArn> AllowedKeys { get; init; } = [];

    /// <summary>What each encryption context must have.</summary>
    public IReadOnlyList<RequiredContext> RequiredContext { get; init; } = [];

    /// <summary>The only operations that are carried out; <see langword="null"/> for all.</summary>
    public IReadOnlyList<string>? Operations { get; init; }

    /// <exception cref="KmsException">The operation is not among those that are carried out.</exception>
    public void CheckOperation(string name)
    {
        if (Operations is not null && !Operations.Contains(name))
        {
            throw Violation(OperationsOption, $"this enclave does not carry out {name}");
        }
    }

    /// <summary>The request as it may be sent.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="region">Where: KMS of a region uses the keys of that region.</param>
    /// <exception cref="KmsException">A pin forbids it; the message names the pin.</exception>
    public KmsRequest Apply(KmsRequest request, string region)
    {
        CheckOperation(request.Operation.Name);
        CheckContext(request);
        KmsKeyArn[] keys = [.. AllowedKeys.Where(key => key.Region == region)];
        CheckOtherKeys(request, keys);
        string? keyId = ChooseKey(request, keys);
        if (keyId is null && request.Operation.TakesKey && request.Operation.PlaintextMember is not null && request.Operation != KmsOperation.Decrypt)
        {
            throw new KmsException(ErrorCodes.InvalidParameter, $"KeyId is missing: {request.Operation.Name} needs a key");
        }

        return keyId == request.KeyId ? request : request with { KeyId = keyId };
    }

    /// <summary>
    /// Refuses what KMS has done with another key than the one that was named or pinned: whoever can swap the ciphertext
    /// could have made it under a key of their own.
    /// </summary>
    /// <param name="sent">What <see cref="Apply"/> gave.</param>
    /// <param name="answer">KMS's answer, a JSON object.</param>
    /// <exception cref="KmsException">The answer is not about an admitted key, or not of a symmetric one.</exception>
    public void CheckAnswer(KmsRequest sent, JsonElement answer)
    {
        if (!sent.Operation.TakesKey)
        {
            return;
        }

        string? used = answer.Text("KeyId");
        if (AllowedKeys.Count > 0 && !AllowedKeys.Any(key => key.Arn == used))
        {
            throw Violation(AllowKeyOption, "KMS's answer is of a key that is not admitted");
        }

        if (sent.KeyId is { } named && KmsKeyArn.TryParse(named, out _) && named != used)
        {
            throw new KmsException(ErrorCodes.InvalidKmsAnswer, "KMS's answer is of another key than KeyId names");
        }

        // Of the operations that take a context only Decrypt works with asymmetric keys, too; its answer says which it was.
        if (RequiredContext.Count > 0 && sent.Operation == KmsOperation.Decrypt && answer.Text("EncryptionAlgorithm") != KmsLimits.SymmetricAlgorithm)
        {
            throw Violation(RequireContextOption, "KMS's answer is of an asymmetric key, which binds no context");
        }
    }

    /// <summary>Says with which pin KMS refused, where the caller had named no key or another.</summary>
    /// <exception cref="KmsException">The pinned key did not make the ciphertext.</exception>
    public void CheckRefusal(string code)
    {
        if (AllowedKeys.Count > 0 && code == "IncorrectKeyException")
        {
            throw Violation(AllowKeyOption, "the ciphertext was made by another key than the admitted one (IncorrectKeyException)");
        }
    }

    /// <summary>The region of all pinned keys; <see langword="null"/> where they are of several, or there are none.</summary>
    public string? KeyRegion => AllowedKeys.Select(key => key.Region).Distinct().ToArray() is [{ } region] ? region : null;

    /// <exception cref="KmsException">No pinned key is of that region.</exception>
    public void CheckRegion(string region)
    {
        if (AllowedKeys.Count > 0 && !AllowedKeys.Any(key => key.Region == region))
        {
            throw Violation(AllowKeyOption, $"no admitted key is of the region {region}");
        }
    }

    // One that manages keys is held to those that it names; what it does with none is for the operations' pin to say.
    private string? ChooseKey(KmsRequest request, KmsKeyArn[] keys)
    {
        if (AllowedKeys.Count == 0)
        {
            return request.KeyId;
        }

        if (request.KeyId is { } asked)
        {
            return Array.Find(keys, key => key.IsMeantBy(asked))?.Arn
                ?? throw Violation(AllowKeyOption, "KeyId names a key that is not admitted; give the key id or the ARN of one that is");
        }

        if (!request.Operation.TakesKey || request.Operation == KmsOperation.ReEncrypt)
        {
            return null;
        }

        if (keys is [{ } only])
        {
            return only.Arn;
        }

        // A ciphertext says which key made it, and KMS's answer repeats it to be checked.
        return request.Operation == KmsOperation.Decrypt && request.EncryptionAlgorithm is null or KmsLimits.SymmetricAlgorithm
            ? null
            : throw Violation(AllowKeyOption, "several keys are admitted: name one with KeyId");
    }

    private void CheckOtherKeys(KmsRequest request, KmsKeyArn[] keys)
    {
        if (AllowedKeys.Count == 0)
        {
            return;
        }

        foreach ((string member, string? keyId) in request.OtherKeys)
        {
            if (!Array.Exists(keys, key => key.Arn == keyId))
            {
                throw Violation(AllowKeyOption, $"{member} has to be the ARN of an admitted key");
            }
        }
    }

    private void CheckContext(KmsRequest request)
    {
        // GenerateRandom uses no key, so there is nothing to bind.
        if (RequiredContext.Count == 0 || !request.Operation.TakesKey)
        {
            return;
        }

        if (!request.Operation.TakesContext || request.EncryptionAlgorithm is not (null or KmsLimits.SymmetricAlgorithm))
        {
            throw Violation(RequireContextOption, "this takes no encryption context, and one is required");
        }

        if (request.OtherAlgorithms.Any(algorithm => algorithm is not (null or KmsLimits.SymmetricAlgorithm)))
        {
            throw Violation(RequireContextOption, "this takes no encryption context, and one is required");
        }

        if (request.Operation != KmsOperation.ReEncrypt)
        {
            RequireContext("the encryption context", request.EncryptionContext);
        }

        foreach ((string member, IReadOnlyDictionary<string, string>? context) in request.OtherContexts)
        {
            RequireContext(member, context);
        }
    }

    private void RequireContext(string what, IReadOnlyDictionary<string, string>? context)
    {
        if (RequiredContext.FirstOrDefault(required => !required.IsMetBy(context)) is { } unmet)
        {
            throw Violation($"{RequireContextOption} {unmet}", $"{what} lacks it");
        }
    }

    private static KmsException Violation(string pin, string reason) =>
        new(ErrorCodes.PinViolated, $"the enclave is pinned by {pin}: {reason}");
}

/// <summary>A pair that every encryption context must have.</summary>
/// <param name="Name">The name.</param>
/// <param name="Value">The value; <see langword="null"/> for any.</param>
internal sealed record RequiredContext(string Name, string? Value)
{
    /// <summary>Reads <c>NAME</c> or <c>NAME=VALUE</c>.</summary>
    /// <exception cref="FormatException">There is no name.</exception>
    public static RequiredContext Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? text : text[..equals];
        return name.Length > 0
            ? new RequiredContext(name, equals < 0 ? null : text[(equals + 1)..])
            : throw new FormatException($"'{text}' has no name; write NAME or NAME=VALUE");
    }

    public bool IsMetBy(IReadOnlyDictionary<string, string>? context) =>
        context is not null && context.TryGetValue(Name, out string? value) && (Value is null || value == Value);

    public override string ToString() => Value is null ? Name : $"{Name}={Value}";
}

/// <summary>
/// ARN of a KMS key, <c>arn:PARTITION:kms:REGION:ACCOUNT:key/ID</c> (AWS Service Authorization Reference). Not of an alias:
/// an alias can be made to point elsewhere, and KMS's answers name keys.
/// </summary>
/// <param name="Arn">The whole.</param>
/// <param name="Region">AWS region code.</param>
/// <param name="Id">UUID, or <c>mrk-</c> and 32 digits for a multi-Region key.</param>
internal sealed partial record KmsKeyArn(string Arn, string Region, string Id)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out KmsKeyArn? key)
    {
        Match match = Form().Match(text);
        key = match.Success ? new KmsKeyArn(text, match.Groups["region"].Value, match.Groups["id"].Value) : null;
        return key is not null;
    }

    /// <summary>Whether a request's KeyId means this key: its ARN or its id.</summary>
    public bool IsMeantBy(string keyId) => keyId == Arn || keyId == Id;

    public override string ToString() => Arn;

    [GeneratedRegex("^arn:aws[a-z-]{0,20}:kms:(?<region>[a-z0-9-]{1,32}):[0-9]{12}:key/(?<id>[A-Za-z0-9-]{1,64})\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
