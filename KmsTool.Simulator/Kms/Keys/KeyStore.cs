using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Kms.Keys;

/// <summary>The keys and their aliases, in memory: they end with the simulator.</summary>
internal sealed class KeyStore(AwsAccount account, TimeProvider timeProvider) : IDisposable
{
    /// <summary>KMS made them all: no key material has been imported.</summary>
    public const string Origin = "AWS_KMS";

    private const int Capacity = 10_000;

    private readonly ConcurrentDictionary<Guid, KmsKey> _keys = new();
    private readonly ConcurrentDictionary<string, KmsKey> _aliases = new(StringComparer.Ordinal);

    /// <summary>All keys, in the order in which ListKeys shows them.</summary>
    public IEnumerable<KmsKey> InOrder => _keys.Values.OrderBy(key => key.Id);

    /// <exception cref="KmsException">There are too many keys.</exception>
    public KmsKey Create(KeySpec spec, KeyPolicy policy, string description)
    {
        if (_keys.Count >= Capacity)
        {
            throw LimitExceeded("keys");
        }

        var id = Guid.NewGuid();
        var key = new KmsKey(id, account.KeyArn(id.ToString()), spec, spec.Generate(), policy)
        {
            Description = description,
            CreatedAt = timeProvider.GetUtcNow(),
        };
        _keys[id] = key;
        return key;
    }

    /// <param name="alias">With <c>alias/</c> before it.</param>
    /// <param name="key">The key it is to name.</param>
    /// <exception cref="KmsException">The alias is in use, or there are too many.</exception>
    public void AddAlias(string alias, KmsKey key)
    {
        if (_aliases.Count >= Capacity)
        {
            throw LimitExceeded("aliases");
        }

        if (!_aliases.TryAdd(alias, key))
        {
            throw new KmsException("AlreadyExistsException", $"An alias with the name {account.AliasArn(alias)} already exists");
        }
    }

    public bool TryFind(Guid id, [NotNullWhen(true)] out KmsKey? key) => _keys.TryGetValue(id, out key);

    /// <summary>Finds a key by the id, the ARN, the alias or the alias's ARN that a request names.</summary>
    /// <exception cref="KmsException">There is no such key.</exception>
    public KmsKey Find(string keyId)
    {
        string alias = WithoutPrefix(keyId, account.AliasArn(""));
        if (!alias.StartsWith(KeyAlias.Prefix, StringComparison.Ordinal))
        {
            return FindByIdOrArn(keyId);
        }

        return _aliases.TryGetValue(alias, out KmsKey? key) ? key : throw KmsException.NotFound($"Alias {account.AliasArn(alias)} is not found.");
    }

    /// <summary>Finds a key where KMS takes no alias.</summary>
    /// <exception cref="KmsException">There is no such key.</exception>
    public KmsKey FindByIdOrArn(string keyId)
    {
        if (Guid.TryParseExact(WithoutPrefix(keyId, account.KeyArn("")), "D", out Guid guid) && _keys.TryGetValue(guid, out KmsKey? key))
        {
            return key;
        }

        string arn = keyId.StartsWith("arn:", StringComparison.Ordinal) ? keyId : account.KeyArn(keyId);
        throw KmsException.NotFound($"Key '{arn}' does not exist");
    }

    public void Dispose()
    {
        foreach (KmsKey key in _keys.Values)
        {
            key.Dispose();
        }
    }

    private static string WithoutPrefix(string text, string prefix) =>
        text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : text;

    private static KmsException LimitExceeded(string what) =>
        new("LimitExceededException", $"the simulator keeps at most {Capacity} {what}");
}

/// <summary>The names that CreateAlias takes (KMS API reference, CreateAlias, <c>AliasName</c>).</summary>
internal static class KeyAlias
{
    public const string Prefix = "alias/";

    private const int MaxLength = 256;
    private const string ReservedPrefix = "alias/aws/";

    /// <exception cref="KmsException">It is missing, or no name that a caller may give.</exception>
    public static string Read(KmsParameters parameters)
    {
        string name = parameters.ReadRequiredString("AliasName", 1, MaxLength);
        if (!name.StartsWith(Prefix, StringComparison.Ordinal) || name.Length == Prefix.Length || !name.All(IsAllowed))
        {
            throw KmsException.Validation(
                $"The alias '{name}' is not {Prefix} followed by letters, digits and the characters / _ and -.");
        }

        return name.StartsWith(ReservedPrefix, StringComparison.Ordinal)
            ? throw new KmsException("NotAuthorizedException", $"Aliases that start with {ReservedPrefix} are for AWS.")
            : name;
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-';
}
