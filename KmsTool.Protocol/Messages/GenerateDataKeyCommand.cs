using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Asks for a new symmetric data key, in plaintext and encrypted under a KMS key. An extension.</summary>
public sealed record GenerateDataKeyCommand : KmsCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "GenerateDataKey";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>The symmetric key that encrypts the data key; may be absent only where the enclave is pinned to one key.</summary>
    public string? KeyId { get; init; }

    /// <summary>One of <see cref="KmsLimits.DataKeySpecs"/>; this or <see cref="NumberOfBytes"/>.</summary>
    public string? KeySpec { get; init; }

    /// <summary>Length of the data key, 1 to <see cref="KmsLimits.MaxRandomLength"/> bytes; this or <see cref="KeySpec"/>.</summary>
    public int? NumberOfBytes { get; init; }

    /// <summary>Pairs that decrypting the data key will need.</summary>
    public IReadOnlyDictionary<string, string>? EncryptionContext { get; init; }

    /// <summary>At most <see cref="KmsLimits.MaxGrantTokens"/>.</summary>
    public IReadOnlyList<string>? GrantTokens { get; init; }
}
