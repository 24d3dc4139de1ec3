using System.Collections.Frozen;

namespace KmsTool.Enclave.Kms;

/// <summary>An operation of KMS (AWS KMS API Reference).</summary>
/// <param name="Name">The operation's name.</param>
/// <param name="PlaintextMember">
/// The answer's member that stays empty when a recipient was named; <see langword="null"/> where none can be.
/// </param>
/// <param name="TakesKey">Whether it works with a KMS key on data; what only manages keys does not.</param>
/// <param name="TakesContext">Whether it takes an encryption context.</param>
internal sealed record KmsOperation(string Name, string? PlaintextMember, bool TakesKey, bool TakesContext)
{
    // There are no others that take a recipient.
    public static readonly KmsOperation Decrypt = new("Decrypt", "Plaintext", TakesKey: true, TakesContext: true);
    public static readonly KmsOperation GenerateDataKey = new("GenerateDataKey", "Plaintext", TakesKey: true, TakesContext: true);
    public static readonly KmsOperation GenerateDataKeyPair = new("GenerateDataKeyPair", "PrivateKeyPlaintext", TakesKey: true, TakesContext: true);
    public static readonly KmsOperation GenerateRandom = new("GenerateRandom", "Plaintext", TakesKey: false, TakesContext: false);
    public static readonly KmsOperation DeriveSharedSecret = new("DeriveSharedSecret", "SharedSecret", TakesKey: true, TakesContext: false);

    public static readonly KmsOperation Encrypt = new("Encrypt", null, TakesKey: true, TakesContext: true);
    public static readonly KmsOperation ReEncrypt = new("ReEncrypt", null, TakesKey: true, TakesContext: true);

    private static readonly FrozenDictionary<string, KmsOperation> Known = new[]
    {
        Decrypt, GenerateDataKey, GenerateDataKeyPair, GenerateRandom, DeriveSharedSecret, Encrypt, ReEncrypt,
        new("GenerateDataKeyWithoutPlaintext", null, TakesKey: true, TakesContext: true),
        new("GenerateDataKeyPairWithoutPlaintext", null, TakesKey: true, TakesContext: true),
        new("Sign", null, TakesKey: true, TakesContext: false),
        new("Verify", null, TakesKey: true, TakesContext: false),
        new("GenerateMac", null, TakesKey: true, TakesContext: false),
        new("VerifyMac", null, TakesKey: true, TakesContext: false),
    }.ToFrozenDictionary(operation => operation.Name);

    private const string TargetPrefix = "TrentService.";
    private const int MaxNameLength = 64;

    /// <summary>Value of the X-Amz-Target header.</summary>
    public string Target { get; } = TargetPrefix + Name;

    /// <summary>Whether <paramref name="name"/> has the form of an operation's name.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= MaxNameLength && name.All(char.IsAsciiLetter);

    /// <summary>The operation that an X-Amz-Target header names, one that is not known here as one that manages keys.</summary>
    /// <returns><see langword="null"/> where it is none of KMS's.</returns>
    public static KmsOperation? OfTarget(string target)
    {
        if (!target.StartsWith(TargetPrefix, StringComparison.Ordinal) || target[TargetPrefix.Length..] is not { } name || !IsName(name))
        {
            return null;
        }

        if (Known.TryGetValue(name, out KmsOperation? operation))
        {
            return operation;
        }

        // Another spelling of a name that is known must not be taken for something harmless.
        return Known.Keys.Contains(name, StringComparer.OrdinalIgnoreCase) ? null : new KmsOperation(name, null, TakesKey: false, TakesContext: false);
    }
}
