using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>A command that carries AWS credentials.</summary>
public abstract record CredentialsCommand : Command, IDisposable
{
    /// <summary>Access key identifier, 16 to 128 characters at AWS.</summary>
    public required string AwsAccessKeyId { get; init; }

    /// <summary>Secret access key, UTF-8.</summary>
    [JsonConverter(typeof(SensitiveTextConverter))]
    public required SensitiveBytes AwsSecretAccessKey { get; init; }

    /// <summary>Session token of temporary credentials, UTF-8.</summary>
    [JsonConverter(typeof(SensitiveTextConverter))]
    public SensitiveBytes? AwsSessionToken { get; init; }

    /// <summary>Never prints what it holds.</summary>
    public sealed override string ToString() => Operation ?? "";

    /// <summary>Clears the secrets.</summary>
    public void Dispose()
    {
        AwsSecretAccessKey.Dispose();
        AwsSessionToken?.Dispose();
        GC.SuppressFinalize(this);
    }
}
