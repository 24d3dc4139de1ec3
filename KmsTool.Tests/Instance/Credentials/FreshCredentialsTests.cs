using Amazon.Runtime;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Messages;
using KmsTool.Tests.Instance.Batch;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Instance.Credentials;

public class FreshCredentialsTests
{
    [Fact]
    public async Task EnsureAsync_source_that_fails_for_a_while_is_asked_again_until_the_old_ones_expire()
    {
        var clock = new AdjustableClock();
        var source = new FakeSource { Expiration = clock.GetUtcNow() + TimeSpan.FromMinutes(10) };
        var log = new RecordingLogger();
        using var credentials = new FreshCredentials(source, clock, log, e => $"told: {e.Message}");

        Assert.Equal(1, await credentials.EnsureAsync(expired: 0, CancellationToken.None));
        source.Failure = new CredentialException(CredentialFailure.ContainerFailed, "the container gives none");
        clock.Offset = TimeSpan.FromMinutes(7);
        Assert.Equal(1, await credentials.EnsureAsync(expired: 0, CancellationToken.None));
        Assert.Equal("ASIA1", AccessKeyIdOf(credentials));
        Assert.Contains("told: the container gives none", Assert.Single(log.Warnings), StringComparison.Ordinal);
        // KMS says that they have expired: there is nothing to go on with.
        CredentialException e = await Assert.ThrowsAsync<CredentialException>(() => credentials.EnsureAsync(expired: 1, CancellationToken.None).AsTask());
        Assert.Equal(CredentialFailure.ContainerFailed, e.Failure);

        clock.Offset = TimeSpan.FromMinutes(11);
        await Assert.ThrowsAsync<CredentialException>(() => credentials.EnsureAsync(expired: 0, CancellationToken.None).AsTask());
        source.Failure = null;
        source.Expiration = clock.GetUtcNow() + TimeSpan.FromMinutes(10);
        Assert.Equal(2, await credentials.EnsureAsync(expired: 0, CancellationToken.None));
        Assert.Equal("ASIA2", AccessKeyIdOf(credentials));
    }

    [Fact]
    public async Task EnsureAsync_source_that_fails_is_not_asked_for_every_command()
    {
        var clock = new AdjustableClock();
        var source = new FakeSource { Expiration = clock.GetUtcNow() + TimeSpan.FromMinutes(10) };
        using var credentials = new FreshCredentials(source, clock, NullLogger.Instance);
        await credentials.EnsureAsync(expired: 0, CancellationToken.None);
        source.Failure = new CredentialException(CredentialFailure.ContainerFailed, "the container gives none");

        clock.Offset = TimeSpan.FromMinutes(7);
        await credentials.EnsureAsync(expired: 0, CancellationToken.None);
        await credentials.EnsureAsync(expired: 0, CancellationToken.None);
        Assert.Equal(2, source.Asked);

        clock.Offset += TimeSpan.FromSeconds(20);
        await credentials.EnsureAsync(expired: 0, CancellationToken.None);
        Assert.Equal(3, source.Asked);
    }

    private static string AccessKeyIdOf(FreshCredentials credentials)
    {
        using SetClientCommand command = credentials.ToSetClient(region: null);
        return command.AwsAccessKeyId;
    }

    private sealed class FakeSource : ICredentialSource
    {
        private int _given;

        public int Asked { get; private set; }

        public DateTimeOffset Expiration { get; set; }

        public CredentialException? Failure { get; set; }

        public Task<InstanceCredentials> ResolveAsync(CancellationToken cancellationToken)
        {
            Asked++;
            return Failure is null
                ? Task.FromResult(InstanceCredentials.From(new FoundCredentials
                {
                    Keys = new ImmutableCredentials($"ASIA{++_given}", "secret", "token"),
                    Expiration = Expiration,
                    Origin = "a fake",
                }))
                : Task.FromException<InstanceCredentials>(Failure);
        }
    }
}
