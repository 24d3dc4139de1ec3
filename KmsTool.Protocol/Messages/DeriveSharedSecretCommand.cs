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
}
