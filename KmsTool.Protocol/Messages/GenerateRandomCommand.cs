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
}
