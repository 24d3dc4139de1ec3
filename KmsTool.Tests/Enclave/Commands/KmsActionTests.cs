using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Commands;

/// <summary>What a command inside the enclave says while it waits.</summary>
public sealed class KmsActionTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly ManualClock _clock = new(TimeProvider.System.GetUtcNow());
    private readonly RecordingLogger _log = new();
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(Transports.Patience);
    private TestEnclave _enclave = null!;

    public async Task InitializeAsync() => _enclave = await TestEnclave.StartAsync();

    public async Task DisposeAsync() => await _enclave.DisposeAsync();

    public void Dispose()
    {
        _directory.Dispose();
        _patience.Dispose();
    }

    /// <summary>The parent's proxy takes the connection, and nothing comes back.</summary>
    [Fact]
    public async Task RunAsync_waits_for_KMS_says_so_after_2_s_and_ends_after_its_timeout()
    {
        await using var proxy = StreamListener.Bind(Transports.AnyAddress(_directory["proxy.sock"]));
        Task running = Action(proxy.LocalAddress).RunAsync(
            new GenerateRandomCommand { NumberOfBytes = 8 }, _ => Task.FromResult(Credentials()), _patience.Token);

        await _clock.WaitForTimerAsync(TimeSpan.FromSeconds(2), _patience.Token);
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.DoesNotContain(_log.Warnings, IsWaiting);
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Contains("kms.us-east-1.amazonaws.com", Assert.Single(_log.Warnings, IsWaiting), StringComparison.Ordinal);

        _clock.Advance(Timeout);
        CommandFailedException e = await Assert.ThrowsAsync<CommandFailedException>(() => running.WaitAsync(_patience.Token));
        Assert.Equal(ExitCode.CouldNotConnect, e.ExitCode);
        Assert.Single(_log.Warnings, IsWaiting);
    }

    [Fact]
    public async Task RunAsync_waits_for_credentials_and_says_so_after_2_s()
    {
        var given = new TaskCompletionSource<KmsCredentials>();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(_patience.Token);
        Task running = Action(_enclave.Options.Kms.Proxy).RunAsync(
            new GenerateRandomCommand { NumberOfBytes = 8 }, token => given.Task.WaitAsync(token), stopping.Token);

        await _clock.WaitForTimerAsync(TimeSpan.FromSeconds(2), _patience.Token);
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Contains("credentials", Assert.Single(_log.Warnings, IsWaiting), StringComparison.Ordinal);

        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private static bool IsWaiting(string text) => text.StartsWith("still waiting for ", StringComparison.Ordinal);

    private static KmsCredentials Credentials() => new("AKIDEXAMPLE000000000", SensitiveBytes.CopyOf("ThisIsTheSecretAccessKey"u8), null);

    private KmsAction Action(StreamAddress proxy) => new(
        _enclave.Options.Kms with { Proxy = proxy }, Timeout, _clock, _log);
}
