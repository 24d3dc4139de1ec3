using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Kms;

/// <summary>The keys, in memory: they end with the simulator.</summary>
internal sealed class KeyStore(AwsAccount account, TimeProvider timeProvider)
{
    private const int Capacity = 10_000;

    private readonly ConcurrentDictionary<Guid, KmsKey> _keys = new();

    /// <summary>All keys, in the order in which ListKeys shows them.</summary>
    public IEnumerable<KmsKey> InOrder => _keys.Values.OrderBy(key => key.Id);

    /// <exception cref="KmsException">There are too many keys.</exception>
    public KmsKey Create(KeyPolicy policy, string description)
    {
        if (_keys.Count >= Capacity)
            throw new KmsException("LimitExceededException", $"the simulator keeps at most {Capacity} keys");
        Guid id = Guid.NewGuid();
        KmsKey key = new(id, account.KeyArn(id.ToString()), description, timeProvider.GetUtcNow(), policy);
        _keys[id] = key;
        return key;
    }

    public bool TryFind(Guid id, [NotNullWhen(true)] out KmsKey? key) => _keys.TryGetValue(id, out key);

    /// <summary>Finds a key by the id or ARN that a request names.</summary>
    /// <exception cref="KmsException">There is no such key.</exception>
    public KmsKey Find(string keyId)
    {
        string id = keyId.StartsWith(account.KeyArnPrefix, StringComparison.Ordinal) ? keyId[account.KeyArnPrefix.Length..] : keyId;
        if (Guid.TryParseExact(id, "D", out Guid guid) && _keys.TryGetValue(guid, out KmsKey? key))
            return key;
        if (keyId.StartsWith("alias/", StringComparison.Ordinal))
            throw KmsException.NotFound($"Alias {keyId} is not found: the simulator has no aliases.");
        string arn = keyId.StartsWith("arn:", StringComparison.Ordinal) ? keyId : account.KeyArn(keyId);
        throw KmsException.NotFound($"Key '{arn}' does not exist");
    }
}
