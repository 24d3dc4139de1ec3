using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Asks for a new asymmetric key pair, its private key in plaintext and encrypted under a KMS key. An extension.</summary>
public sealed record GenerateDataKeyPairCommand : KmsCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "GenerateDataKeyPair";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>The symmetric key that encrypts the private key; may be absent only where the enclave is pinned to one key.</summary>
    public string? KeyId { get; init; }

    /// <summary>One of <see cref="KmsLimits.KeyPairSpecs"/>.</summary>
    public required string KeyPairSpec { get; init; }

    /// <summary>Pairs that decrypting the private key will need.</summary>
    public IReadOnlyDictionary<string, string>? EncryptionContext { get; init; }

    /// <summary>At most <see cref="KmsLimits.MaxGrantTokens"/>.</summary>
    public IReadOnlyList<string>? GrantTokens { get; init; }
}
