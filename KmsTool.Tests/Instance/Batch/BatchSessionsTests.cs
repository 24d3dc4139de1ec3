using KmsTool.Instance.Batch;
using KmsTool.Instance.Client;
using KmsTool.Instance.Credentials;
using KmsTool.Networking;
using KmsTool.Protocol.Messages;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Instance.Batch;

/// <summary>How a batch finds out how many connections an enclave serves.</summary>
public sealed class BatchSessionsTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualClock _clock = new();
    private readonly RecordingLogger _log = new();
    private readonly FreshCredentials _credentials;

    public BatchSessionsTests() => _credentials = new FreshCredentials(
        new CredentialSource(new AwsCredentialSettings { Timeout = Patience }, _clock, NullLogger.Instance), _clock, NullLogger.Instance);

    public void Dispose() => _credentials.Dispose();

    /// <summary>The clock stands still: no wait, however short, comes before the note.</summary>
    [Fact]
    public async Task BeginAsync_AWS_sample_is_noticed_without_any_time_passing()
    {
        await using var enclave = new SampleEnclave();

        BatchSessions sessions = await BeginAsync(enclave, connections: 64).WaitAsync(Patience);
        await using EnclaveSession first = sessions.First;

        Assert.Equal(0, sessions.Others);
        Assert.True(sessions.IsServedSingly);
        Assert.Equal([(1, "Describe")], enclave.Received);
        Assert.Empty(_log.Warnings);
    }

    [Fact]
    public async Task BeginAsync_kmstool_enclave_gets_all_connections()
    {
        await using var enclave = new SampleEnclave(answer: (_, _, _, _) =>
            Task.FromResult<string?>("""{"Status":"Error","Message":"Could not describe: pinned","Code":"PinViolated"}""" + "\0"));

        BatchSessions sessions = await BeginAsync(enclave, connections: 64).WaitAsync(Patience);
        await using EnclaveSession first = sessions.First;

        Assert.Equal(63, sessions.Others);
        Assert.False(sessions.IsServedSingly);
    }

    [Fact]
    public async Task BeginAsync_enclave_without_a_response_is_mentioned_after_2_s()
    {
        await using var enclave = new SampleEnclave(answer: async (_, _, _, stop) =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            return null;
        });
        using var stopping = new CancellationTokenSource(Patience);

        Task<BatchSessions> opening = BeginAsync(enclave, connections: 64, stopping.Token);
        await _clock.WaitForTimerAsync(TimeSpan.FromSeconds(2), stopping.Token);
        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Empty(_log.Warnings);
        _clock.Advance(TimeSpan.FromSeconds(0.1));

        Assert.Contains($"the enclave at {enclave.Address}", Assert.Single(_log.Warnings), StringComparison.Ordinal);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
    }

    private Task<BatchSessions> BeginAsync(SampleEnclave enclave, int connections, CancellationToken cancellationToken = default)
    {
        async Task<EnclaveSession> openAsync(CancellationToken token)
        {
            EnclaveConnection connection = await EnclaveConnector.ConnectAsync(enclave.Address, null, Patience, _clock, NullLogger.Instance, token);
            return new EnclaveSession(connection, _credentials, region: null);
        }

        return BatchSessions.BeginAsync(
            enclave.Address, connections, openAsync, new WaitNotice(_log, _clock), cancellationToken);
    }
}
