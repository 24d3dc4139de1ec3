namespace KmsTool.Simulator.Client;

/// <summary>What signs a call. No record, so that nothing prints it.</summary>
internal sealed class ClientCredentials(string accessKeyId, string secretAccessKey, string? sessionToken)
{
    public string AccessKeyId { get; } = accessKeyId;

    public string SecretAccessKey { get; } = secretAccessKey;

    public string? SessionToken { get; } = sessionToken;

    public override string ToString() => AccessKeyId;
}
