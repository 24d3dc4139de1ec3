using System.Text.Json;
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

    /// <summary>Reads the command out of a message.</summary>
    /// <exception cref="InvalidMemberException">A member is missing, of a wrong type or past its bound.</exception>
    internal static DecryptCommand Read(CommandMembers members)
    {
        if (members.Find("Ciphertext") is not { } ciphertext)
        {
            throw new InvalidMemberException(ErrorTexts.NoCiphertext);
        }

        if (ciphertext.ValueKind != JsonValueKind.String || !ciphertext.TryGetBytesFromBase64(out byte[]? blob))
        {
            throw new InvalidMemberException(ErrorTexts.CiphertextNotBase64);
        }

        if (blob.Length is 0 or > KmsLimits.MaxCiphertextLength)
        {
            throw new InvalidMemberException(
                $"{ErrorTexts.NotDecrypted}: Ciphertext has {blob.Length} bytes; KMS takes 1 to {KmsLimits.MaxCiphertextLength}");
        }

        return new DecryptCommand
        {
            Ciphertext = blob,
            EncryptionContext = members.EncryptionContext(),
            KeyId = members.KeyId(),
            EncryptionAlgorithm = members.OneOf("EncryptionAlgorithm", KmsLimits.EncryptionAlgorithms),
            GrantTokens = members.GrantTokens(),
            DryRun = members.DryRun(),
        };
    }
}

/// <summary>The response to a <see cref="DecryptCommand"/>.</summary>
public sealed record DecryptResponse : SecretResponse
{
    /// <summary>The plaintext; may be empty. Absent where the enclave is pinned not to give it.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyName("Message"), JsonPropertyOrder(1)]
    public SensitiveBytes? Plaintext { get; init; }

    private protected override SensitiveBytes? Secret => Plaintext;
}
