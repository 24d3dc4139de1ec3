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

    /// <summary>Reads the command out of a message.</summary>
    /// <exception cref="InvalidMemberException">A member is missing, of a wrong type or past its bound.</exception>
    internal static GenerateDataKeyPairCommand Read(CommandMembers members) => new()
    {
        KeyId = members.KeyId(),
        KeyPairSpec = members.OneOf("KeyPairSpec", KmsLimits.KeyPairSpecs)
            ?? throw new InvalidMemberException($"KeyPairSpec is missing: it takes one of {string.Join(", ", KmsLimits.KeyPairSpecs)}"),
        EncryptionContext = members.EncryptionContext(),
        GrantTokens = members.GrantTokens(),
        DryRun = members.DryRun(),
    };
}

/// <summary>The response to a <see cref="GenerateDataKeyPairCommand"/>.</summary>
public sealed record GenerateDataKeyPairResponse : SecretResponse
{
    /// <summary>ARN of the KMS key that encrypted the private key.</summary>
    public required string KeyId { get; init; }

    /// <summary>The kind of key pair.</summary>
    public required string KeyPairSpec { get; init; }

    /// <summary>The public key, DER SubjectPublicKeyInfo (RFC 5280).</summary>
    public required ReadOnlyMemory<byte> PublicKey { get; init; }

    /// <summary>The private key, encrypted under the KMS key.</summary>
    public required ReadOnlyMemory<byte> PrivateKeyCiphertextBlob { get; init; }

    /// <summary>The private key, DER PKCS #8 (RFC 5958). Absent where the enclave is pinned not to give it.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)]
    public SensitiveBytes? PrivateKeyPlaintext { get; init; }

    private protected override SensitiveBytes? Secret => PrivateKeyPlaintext;
}
