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

    /// <summary>Reads the command out of a message.</summary>
    /// <exception cref="InvalidMemberException">A member is missing, of a wrong type or past its bound.</exception>
    internal static GenerateDataKeyCommand Read(CommandMembers members)
    {
        var command = new GenerateDataKeyCommand
        {
            KeyId = members.KeyId(),
            KeySpec = members.OneOf("KeySpec", KmsLimits.DataKeySpecs),
            NumberOfBytes = members.Number("NumberOfBytes", 1, KmsLimits.MaxRandomLength),
            EncryptionContext = members.EncryptionContext(),
            GrantTokens = members.GrantTokens(),
            DryRun = members.DryRun(),
        };
        return (command.KeySpec is null) != (command.NumberOfBytes is null)
            ? command
            : throw new InvalidMemberException($"KeySpec ({string.Join(" or ", KmsLimits.DataKeySpecs)}) or NumberOfBytes "
                + $"(1 to {KmsLimits.MaxRandomLength}) is needed, and only one of them");
    }
}

/// <summary>The response to a <see cref="GenerateDataKeyCommand"/>.</summary>
public sealed record GenerateDataKeyResponse : SecretResponse
{
    /// <summary>ARN of the KMS key that encrypted the data key.</summary>
    public required string KeyId { get; init; }

    /// <summary>The data key, encrypted under the KMS key.</summary>
    public required ReadOnlyMemory<byte> CiphertextBlob { get; init; }

    /// <summary>The data key. Absent where the enclave is pinned not to give it.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)]
    public SensitiveBytes? Plaintext { get; init; }

    private protected override SensitiveBytes? Secret => Plaintext;
}
