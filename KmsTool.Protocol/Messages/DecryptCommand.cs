using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Asks for the plaintext of a ciphertext that KMS made. Members beyond Ciphertext and EncryptionContext are extensions.</summary>
public sealed record DecryptCommand : KmsCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "Decrypt";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>KMS's CiphertextBlob, 1 to <see cref="KmsLimits.MaxCiphertextLength"/> bytes.</summary>
    public required ReadOnlyMemory<byte> Ciphertext { get; init; }

    /// <summary>The pairs that were given at encryption.</summary>
    public IReadOnlyDictionary<string, string>? EncryptionContext { get; init; }

    /// <summary>Key id, key ARN, alias name or alias ARN; required by KMS for asymmetric keys.</summary>
    public string? KeyId { get; init; }

    /// <summary>One of <see cref="KmsLimits.EncryptionAlgorithms"/>; SYMMETRIC_DEFAULT if absent.</summary>
    public string? EncryptionAlgorithm { get; init; }

    /// <summary>At most <see cref="KmsLimits.MaxGrantTokens"/>.</summary>
    public IReadOnlyList<string>? GrantTokens { get; init; }
}
