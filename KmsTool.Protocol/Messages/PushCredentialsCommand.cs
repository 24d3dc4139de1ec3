using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Gives the enclave the AWS credentials that its KMS proxy uses from now on, for all applications. An extension; an enclave
/// takes it only where its measured configuration says so.
/// </summary>
public sealed record PushCredentialsCommand : CredentialsCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "PushCredentials";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>When they cease to work, in the form of RFC 3339; absent for those that do not.</summary>
    [JsonPropertyOrder(1)]
    public DateTimeOffset? Expiration { get; init; }
}
