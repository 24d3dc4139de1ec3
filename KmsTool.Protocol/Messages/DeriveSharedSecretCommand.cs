using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Asks for the shared secret of a KMS key and a peer's public key. An extension.</summary>
public sealed record DeriveSharedSecretCommand : KmsCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "DeriveSharedSecret";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>The elliptic-curve key of usage KEY_AGREEMENT; may be absent only where the enclave is pinned to one key.</summary>
    public string? KeyId { get; init; }

    /// <summary>One of <see cref="KmsLimits.KeyAgreementAlgorithms"/>; ECDH if absent.</summary>
    public string? KeyAgreementAlgorithm { get; init; }

    /// <summary>The peer's, DER SubjectPublicKeyInfo, 1 to <see cref="KmsLimits.MaxPublicKeyLength"/> bytes, on the key's curve.</summary>
    public required ReadOnlyMemory<byte> PublicKey { get; init; }

    /// <summary>At most <see cref="KmsLimits.MaxGrantTokens"/>.</summary>
    public IReadOnlyList<string>? GrantTokens { get; init; }

    /// <summary>Reads the command out of a message.</summary>
    /// <exception cref="InvalidMemberException">A member is missing, of a wrong type or past its bound.</exception>
    internal static DeriveSharedSecretCommand Read(CommandMembers members) => new()
    {
        KeyId = members.KeyId(),
        KeyAgreementAlgorithm = members.OneOf("KeyAgreementAlgorithm", KmsLimits.KeyAgreementAlgorithms),
        PublicKey = members.Bytes("PublicKey", 1, KmsLimits.MaxPublicKeyLength)
            ?? throw new InvalidMemberException($"PublicKey is missing: it takes 1 to {KmsLimits.MaxPublicKeyLength} bytes in base64"),
        GrantTokens = members.GrantTokens(),
        DryRun = members.DryRun(),
    };
}

/// <summary>The response to a <see cref="DeriveSharedSecretCommand"/>.</summary>
public sealed record DeriveSharedSecretResponse : SecretResponse
{
    /// <summary>ARN of the KMS key.</summary>
    public required string KeyId { get; init; }

    /// <summary>The algorithm.</summary>
    public required string KeyAgreementAlgorithm { get; init; }

    /// <summary>The raw shared secret, Z of NIST SP 800-56A. Absent where the enclave is pinned not to give it.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)]
    public SensitiveBytes? SharedSecret { get; init; }

    private protected override SensitiveBytes? Secret => SharedSecret;
}
