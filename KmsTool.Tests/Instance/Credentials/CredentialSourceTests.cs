using Amazon;
using KmsTool.Instance.Credentials;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Instance.Credentials;

/// <summary>Asking the same source again. The SDK reads the environment of the process, and keeps the first metadata endpoint it read.</summary>
[Collection(ProcessWideState.Name)]
public sealed class CredentialSourceTests : IDisposable
{
    private readonly Amazon.Runtime.HttpClientFactory? _factory = AWSConfigs.HttpClientFactory;

    [Fact]
    public async Task ResolveAsync_again_yields_fresh_credentials()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        using var environment = new EnvironmentScope(EnvironmentOf(simulator));
        var role = new CredentialSource(Options, TimeProvider.System, NullLogger.Instance);
        var assumed = new CredentialSource(
            Options with
            {
                RoleArn = $"arn:aws:iam::{simulator.Host.Account.Id}:role/enclave",
                Duration = TimeSpan.FromSeconds(900),
                CaBundle = simulator.Host.Files.CaBundle,
            },
            TimeProvider.System, NullLogger.Instance);

        using InstanceCredentials first = await role.ResolveAsync(CancellationToken.None);
        using InstanceCredentials firstAssumed = await assumed.ResolveAsync(CancellationToken.None);
        using InstanceCredentials secondAssumed = await assumed.ResolveAsync(CancellationToken.None);
        // The old ones have expired, and the instance has been given new ones.
        simulator.Host.Clock.Offset = TimeSpan.FromHours(7);
        using InstanceCredentials second = await role.ResolveAsync(CancellationToken.None);

        Assert.NotEqual(first.AccessKeyId, second.AccessKeyId);
        Assert.Equal(simulator.Host.Role!.CurrentCredential().AccessKeyId, second.AccessKeyId);
        Assert.Equal(simulator.Host.Role!.CurrentCredential().Expiration!.Value, second.Expiration!.Value, TimeSpan.FromSeconds(1));
        Assert.NotEqual(firstAssumed.AccessKeyId, secondAssumed.AccessKeyId);
        Assert.NotEqual(first.AccessKeyId, firstAssumed.AccessKeyId);
        Assert.InRange(secondAssumed.Expiration!.Value - firstAssumed.Expiration!.Value, TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    public void Dispose() => AWSConfigs.HttpClientFactory = _factory;

    private static AwsCredentialSettings Options { get; } = new() { Timeout = TimeSpan.FromSeconds(60) };

    private static Dictionary<string, string?> EnvironmentOf(RunningSimulator simulator) => new()
    {
        ["AWS_ACCESS_KEY_ID"] = null,
        ["AWS_PROFILE"] = null,
        ["AWS_WEB_IDENTITY_TOKEN_FILE"] = null,
        ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = null,
        ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = null,
        ["AWS_CONFIG_FILE"] = "/nonexistent",
        ["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent",
        ["AWS_EC2_METADATA_DISABLED"] = null,
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = simulator.Host.ImdsEndpoint.ToString(),
        ["AWS_ENDPOINT_URL_STS"] = simulator.Host.StsEndpoint.ToString(),
        ["AWS_REGION"] = simulator.Host.Account.Region,
    };
}
