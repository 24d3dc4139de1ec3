using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Gives the connection the AWS credentials (and where the enclave has none, the region) that its later commands use.
/// </summary>
public sealed record SetClientCommand : Command, IDisposable
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "SetClient";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>Access key identifier, 16 to 128 characters at AWS.</summary>
    public required string AwsAccessKeyId { get; init; }

    /// <summary>Secret access key, UTF-8.</summary>
    [JsonConverter(typeof(SensitiveTextConverter))]
    public required SensitiveBytes AwsSecretAccessKey { get; init; }

    /// <summary>Session token of temporary credentials, UTF-8.</summary>
    [JsonConverter(typeof(SensitiveTextConverter))]
    public SensitiveBytes? AwsSessionToken { get; init; }

    /// <summary>AWS region code, only where the enclave was started without one.</summary>
    public string? AwsRegion { get; init; }

    /// <summary>Never prints what it holds.</summary>
    public override string ToString() => Name;

    /// <summary>Clears the secrets.</summary>
    public void Dispose()
    {
        AwsSecretAccessKey.Dispose();
        AwsSessionToken?.Dispose();
    }
}
