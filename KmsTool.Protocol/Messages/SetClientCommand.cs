using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Gives the connection the AWS credentials (and where the enclave has none, the region) that its later commands use.
/// </summary>
public sealed record SetClientCommand : CredentialsCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "SetClient";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>AWS region code, only where the enclave was started without one.</summary>
    [JsonPropertyOrder(1)]
    public string? AwsRegion { get; init; }
}
