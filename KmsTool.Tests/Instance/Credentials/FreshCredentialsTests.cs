using KmsTool.Cli;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Messages;
using KmsTool.Tests.Instance.Batch;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Instance.Credentials;

/// <summary>The AWS SDK, which finds the credentials, reads the environment of the process.</summary>
[Collection(ProcessWideState.Name)]
public class FreshCredentialsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task EnsureAsync_source_that_fails_for_a_while_is_asked_again_until_the_old_ones_expire()
    {
        var clock = new AdjustableClock();
        DateTimeOffset expiration = clock.GetUtcNow() + TimeSpan.FromMinutes(10);
        // A process, as the SDK asks it once; an endpoint that fails it asks five times, with pauses that no setting changes.
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["config"], $"[profile p]\ncredential_process = /bin/cat {directory["answer.json"]}\n");
        void answer(string accessKeyId) => File.WriteAllText(directory["answer.json"], $$"""
            {"Version":1,"AccessKeyId":"{{accessKeyId}}","SecretAccessKey":"secret","SessionToken":"token","Expiration":"{{expiration:yyyy-MM-ddTHH:mm:ssZ}}"}
            """);
        using var environment = new EnvironmentScope(new Dictionary<string, string?>
        {
            ["AWS_ACCESS_KEY_ID"] = null,
            ["AWS_WEB_IDENTITY_TOKEN_FILE"] = null,
            ["AWS_CONFIG_FILE"] = directory["config"],
            ["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent",
            ["AWS_PROFILE"] = "p",
        });
        using var credentials = new FreshCredentials(
            new CredentialSource(new CredentialOptions { Timeout = Patience }, clock, NullLogger.Instance), clock, NullLogger.Instance);

        answer("ASIA1");
        Assert.Equal(1, await credentials.EnsureAsync(expired: 0, CancellationToken.None));
        File.Delete(directory["answer.json"]);
        clock.Offset = TimeSpan.FromMinutes(7);
        Assert.Equal(1, await credentials.EnsureAsync(expired: 0, CancellationToken.None));
        Assert.Equal("ASIA1", AccessKeyIdOf(credentials));
        // KMS says that they have expired: there is nothing to go on with.
        var e = await Assert.ThrowsAsync<CommandFailedException>(() => credentials.EnsureAsync(expired: 1, CancellationToken.None).AsTask());
        Assert.Equal(ExitCode.NoCredentials, e.ExitCode);

        clock.Offset = TimeSpan.FromMinutes(11);
        await Assert.ThrowsAsync<CommandFailedException>(() => credentials.EnsureAsync(expired: 0, CancellationToken.None).AsTask());
        expiration = clock.GetUtcNow() + TimeSpan.FromMinutes(10);
        answer("ASIA2");
        Assert.Equal(2, await credentials.EnsureAsync(expired: 0, CancellationToken.None));
        Assert.Equal("ASIA2", AccessKeyIdOf(credentials));
    }

    private static string AccessKeyIdOf(FreshCredentials credentials)
    {
        using SetClientCommand command = credentials.ToSetClient(region: null);
        return command.AwsAccessKeyId;
    }
}
