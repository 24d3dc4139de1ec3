using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Amazon;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;

namespace KmsTool.Instance.Credentials;

/// <summary>A role assumed with other credentials, by STS: what enters the enclave is then scoped and short-lived.</summary>
internal static class AssumedRole
{
    /// <param name="roleArn">The role.</param>
    /// <param name="options">How to assume it.</param>
    /// <param name="region">The region whose STS to ask; <see langword="null"/> for any of the role's partition.</param>
    /// <param name="caller">The credentials to assume it with.</param>
    public static CredentialProvider CreateProvider(string roleArn, AwsCredentialSettings options, string? region, FoundCredentials caller)
    {
        string name = $"the role {roleArn}, assumed with {caller.Origin}";
        return new CredentialProvider(
            name,
            CredentialFailure.AssumeRoleFailed,
            Subject: null,
            () => AskAsync(roleArn, options, region ?? PartitionRegion(roleArn), caller, name));
    }

    // The SDK looks the STS client up by reflection, for profiles and web identities that assume a role. (Its registry for
    // trimmed programs does not help: a client made there does not get the credentials to assume the role with.)
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(AmazonSecurityTokenServiceClient))]
    [DynamicDependency(DynamicallyAccessedMemberTypes.All, typeof(AmazonSecurityTokenServiceConfig))]
    private static async Task<FoundCredentials> AskAsync(
        string roleArn, AwsCredentialSettings options, string region, FoundCredentials caller, string origin)
    {
        using var sts = new AmazonSecurityTokenServiceClient(ToSdk(caller.Keys), new AmazonSecurityTokenServiceConfig
        {
            RegionEndpoint = RegionEndpoint.GetBySystemName(region),
            // Where AWS_ENDPOINT_URL_STS names the address, the SDK would guess the region to sign for from that.
            AuthenticationRegion = region,
        });
        AssumeRoleResponse answer = await sts.AssumeRoleAsync(new AssumeRoleRequest
        {
            RoleArn = roleArn,
            RoleSessionName = options.SessionName ?? AssumeRoleLimits.CreateSessionName(Environment.MachineName),
            ExternalId = options.ExternalId,
            DurationSeconds = (int?)options.Duration?.TotalSeconds,
        });
        Amazon.SecurityToken.Model.Credentials keys = answer.Credentials;
        return new FoundCredentials
        {
            Keys = new ImmutableCredentials(keys.AccessKeyId, keys.SecretAccessKey, keys.SessionToken),
            Expiration = keys.Expiration is { } time ? new DateTimeOffset(time.ToUniversalTime()) : null,
            Origin = origin,
        };
    }

    private static string PartitionRegion(string roleArn) => roleArn.Split(':') switch
    {
        [_, "aws-cn", ..] => "cn-north-1",
        [_, "aws-us-gov", ..] => "us-gov-west-1",
        _ => "us-east-1",
    };

    private static AWSCredentials ToSdk(ImmutableCredentials keys) => keys.UseToken
        ? new SessionAWSCredentials(keys.AccessKey, keys.SecretKey, keys.Token)
        : new BasicAWSCredentials(keys.AccessKey, keys.SecretKey);
}

/// <summary>What STS takes for AssumeRole (API reference of AWS STS, AssumeRole, request parameters).</summary>
internal static partial class AssumeRoleLimits
{
    public const int MinRoleArnLength = 20;

    public const int MaxRoleArnLength = 2048;

    public const int MinSeconds = 900;

    public const int MaxSeconds = 43200;

    public const int DefaultSeconds = 3600;

    private const int MaxSessionNameLength = 64;

    public static bool IsSessionName(string text) => SessionName().IsMatch(text);

    public static bool IsExternalId(string text) => ExternalId().IsMatch(text);

    /// <summary>A session name that tells in CloudTrail which host it was.</summary>
    public static string CreateSessionName(string host)
    {
        string name = "kmstool-instance-" + NotInSessionName().Replace(host, "-");
        return name.Length > MaxSessionNameLength ? name[..MaxSessionNameLength] : name;
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_+=,.@-]{2,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex SessionName();

    [GeneratedRegex("[^A-Za-z0-9_+=,.@-]", RegexOptions.CultureInvariant)]
    private static partial Regex NotInSessionName();

    [GeneratedRegex(@"\A[A-Za-z0-9_+=,.@:/-]{2,1224}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ExternalId();
}
