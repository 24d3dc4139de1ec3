using KmsTool.CommandLine;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Messages;
using KmsTool.Tests.Instance.Batch;
using KmsTool.Tests.Support;
using Microsoft.AspNetCore.Http;
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
        int asked = 0;
        bool fails = false;
        await using LoopbackHttp container = await LoopbackHttp.StartAsync(context =>
        {
            context.Response.StatusCode = fails ? StatusCodes.Status400BadRequest : StatusCodes.Status200OK;
            return context.Response.WriteAsync(fails ? "{}" : $$"""
                {"RoleArn":"r","AccessKeyId":"ASIA{{++asked}}","SecretAccessKey":"secret","Token":"token","Expiration":"{{expiration:yyyy-MM-ddTHH:mm:ssZ}}"}
                """);
        });
        using var environment = new EnvironmentScope(DecryptBatchTests.EnvironmentOf(container));
        using var credentials = new FreshCredentials(
            new CredentialSource(new CredentialOptions { Timeout = Patience }, clock, NullLogger.Instance), clock, NullLogger.Instance);

        Assert.Equal(1, await credentials.EnsureAsync(expired: 0, CancellationToken.None));
        fails = true;
        clock.Offset = TimeSpan.FromMinutes(7);
        Assert.Equal(1, await credentials.EnsureAsync(expired: 0, CancellationToken.None));
        Assert.Equal("ASIA1", AccessKeyIdOf(credentials));
        // KMS says that they have expired: there is nothing to go on with.
        CommandFailedException e = await Assert.ThrowsAsync<CommandFailedException>(() => credentials.EnsureAsync(expired: 1, CancellationToken.None).AsTask());
        Assert.Equal(ExitCode.NoCredentials, e.ExitCode);

        clock.Offset = TimeSpan.FromMinutes(11);
        await Assert.ThrowsAsync<CommandFailedException>(() => credentials.EnsureAsync(expired: 0, CancellationToken.None).AsTask());
        fails = false;
        expiration = clock.GetUtcNow() + TimeSpan.FromMinutes(10);
        Assert.Equal(2, await credentials.EnsureAsync(expired: 0, CancellationToken.None));
        Assert.Equal("ASIA2", AccessKeyIdOf(credentials));
    }

    private static string AccessKeyIdOf(FreshCredentials credentials)
    {
        using SetClientCommand command = credentials.ToSetClient(region: null);
        return command.AwsAccessKeyId;
    }
}
