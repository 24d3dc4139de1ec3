namespace KmsTool.Simulator.Iam;

/// <summary>
/// A key pair the simulator has issued. It opens nothing but this simulator, yet it is treated as a secret: it is no
/// record, so that nothing prints it.
/// </summary>
internal sealed class AwsCredential(
    AwsPrincipal principal, string accessKeyId, string secretAccessKey, string? sessionToken, DateTimeOffset issuedAt, DateTimeOffset? expiration)
{
    public AwsPrincipal Principal { get; } = principal;

    public string AccessKeyId { get; } = accessKeyId;

    public string SecretAccessKey { get; } = secretAccessKey;

    /// <summary>Null for a long-lived key pair.</summary>
    public string? SessionToken { get; } = sessionToken;

    public DateTimeOffset IssuedAt { get; } = issuedAt;

    /// <summary>Null for a long-lived key pair.</summary>
    public DateTimeOffset? Expiration { get; } = expiration;

    public override string ToString() => AccessKeyId;
}
