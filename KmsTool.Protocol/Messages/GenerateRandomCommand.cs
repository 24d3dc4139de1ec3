using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Asks for random bytes from KMS's hardware security modules. An extension.</summary>
public sealed record GenerateRandomCommand : KmsCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "GenerateRandom";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>1 to <see cref="KmsLimits.MaxRandomLength"/>.</summary>
    public required int NumberOfBytes { get; init; }

    /// <summary>Reads the command out of a message.</summary>
    /// <exception cref="InvalidMemberException">A member is missing, of a wrong type or past its bound.</exception>
    internal static GenerateRandomCommand Read(CommandMembers members) => new()
    {
        NumberOfBytes = members.Number("NumberOfBytes", 1, KmsLimits.MaxRandomLength)
            ?? throw new InvalidMemberException($"NumberOfBytes is missing: it takes a number from 1 to {KmsLimits.MaxRandomLength}"),
    };
}

/// <summary>The response to a <see cref="GenerateRandomCommand"/>.</summary>
public sealed record GenerateRandomResponse : SecretResponse
{
    /// <summary>The random bytes. Absent where the enclave is pinned not to give them.</summary>
    [JsonConverter(typeof(SensitiveBase64Converter)), JsonPropertyOrder(1)]
    public SensitiveBytes? Plaintext { get; init; }

    private protected override SensitiveBytes? Secret => Plaintext;
}
