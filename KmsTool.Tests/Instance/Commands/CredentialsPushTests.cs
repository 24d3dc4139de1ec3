using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Instance.Commands;
using KmsTool.Instance.Credentials;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Instance.Batch;
using KmsTool.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Tests.Instance.Commands;

/// <summary>The AWS SDK, which finds the credentials, reads the environment of the process.</summary>
[Collection(ProcessWideState.Name)]
public class CredentialsPushTests
{
    private static readonly TimeSpan Patience = Transports.Patience;

    [Fact]
    public async Task WatchAsync_sends_fresh_ones_before_the_old_ones_expire()
    {
        var clock = new AdjustableClock();
        var log = new RecordingLogger();
        int asked = 0;
        await using LoopbackHttp container = await LoopbackHttp.StartAsync(context => context.Response.WriteAsync($$"""
            {"RoleArn":"r","AccessKeyId":"ASIA{{++asked}}","SecretAccessKey":"SECRETSECRET","Token":"TOKENTOKEN","Expiration":"{{clock.GetUtcNow() + TimeSpan.FromMinutes(10):yyyy-MM-ddTHH:mm:ssZ}}"}
            """));
        using var environment = new EnvironmentScope(DecryptBatchTests.EnvironmentOf(container));
        using var store = new CredentialStore(clock);
        await using TestEnclave enclave = await TestEnclave.StartAsync((options, _) => options, time: clock, credentials: store);
        using var credentials = new FreshCredentials(new CredentialSource(new AwsCredentialSettings { Timeout = Patience }, clock, log), clock, log);
        var push = new CredentialsPush(new EnclaveClientSettings { Address = enclave.Address, Timeout = Patience }, credentials, clock, log);
        using var stop = new CancellationTokenSource();

        Task watching = push.WatchAsync(TimeSpan.FromMilliseconds(20), new ServiceNotifier(null), stop.Token);
        RefCounted<KmsCredentials>? rented = null;
        for (int i = 1; i <= 3; i++)
        {
            // Those that are pushed again are not the same object, so the newest are asked for until they are new ones.
            while (rented?.Value.AccessKeyId != $"ASIA{i}")
            {
                RefCounted<KmsCredentials>? last = rented;
                rented = await store.RentAsync(last, Patience, CancellationToken.None);
                last?.Release();
                Assert.NotNull(rented);
            }

            clock.Offset += TimeSpan.FromMinutes(7);
        }

        rented!.Release();
        await stop.CancelAsync();
        await watching.WaitAsync(Patience);
        Assert.DoesNotContain(log.All, text => text.Contains("SECRETSECRET", StringComparison.Ordinal) || text.Contains("TOKENTOKEN", StringComparison.Ordinal));
        // Nothing here took long.
        Assert.DoesNotContain(log.All, text => text.Contains("still waiting", StringComparison.Ordinal));
    }

    [Fact]
    public async Task RunAsync_says_after_2_s_what_it_waits_for()
    {
        var clock = new ManualClock();
        var log = new RecordingLogger();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using LoopbackHttp container = await LoopbackHttp.StartAsync(async context =>
        {
            asked.SetResult();
            await answer.Task;
            await context.Response.WriteAsync("""{"RoleArn":"r","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2100-01-01T00:00:00Z"}""");
        });
        using var environment = new EnvironmentScope(DecryptBatchTests.EnvironmentOf(container));
        var pushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            await self.ReadMessageAsync(stream);
            pushed.SetResult();
            await self.ReadMessageAsync(stream);
        });
        using var credentials = new FreshCredentials(new CredentialSource(new AwsCredentialSettings { Timeout = Patience }, clock, log), clock, log);
        var push = new CredentialsPush(new EnclaveClientSettings { Address = enclave.Address, Timeout = Patience }, credentials, clock, log);
        using var stop = new CancellationTokenSource();

        Task pushing = push.RunAsync(stop.Token);
        await asked.Task.WaitAsync(Patience);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Contains("container", Assert.Single(log.Warnings), StringComparison.Ordinal);
        answer.SetResult();
        await pushed.Task.WaitAsync(Patience);
        clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal($"still waiting for the enclave at {enclave.Address}", log.Warnings.Last());
        Assert.Equal(2, log.Warnings.Count());
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pushing);
    }
}
