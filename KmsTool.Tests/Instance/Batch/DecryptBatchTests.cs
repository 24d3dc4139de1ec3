using System.IO.Pipelines;
using System.Text;
using KmsTool.Instance.Batch;
using KmsTool.Instance.Client;
using KmsTool.Instance.Commands;
using KmsTool.Instance.Credentials;
using KmsTool.Networking;
using KmsTool.Protocol.Messages;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Instance.Batch;

/// <summary>The batch by itself. The AWS SDK, which finds the credentials, reads the environment of the process.</summary>
[Collection(ProcessWideState.Name)]
public class DecryptBatchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, string?> KeyPair = new()
    {
        ["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE000000000",
        ["AWS_SECRET_ACCESS_KEY"] = "ThisIsTheSecretAccessKey",
        ["AWS_SESSION_TOKEN"] = null,
    };

    [Fact]
    public async Task RunAsync_credentials_that_expire_within_the_batch_are_sent_anew_before_they_do()
    {
        var clock = new AdjustableClock();
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            (options, _) => options, time: clock, simulate: options => options with { CredentialLifetime = TimeSpan.FromMinutes(10) });
        var given = new List<AwsCredential>();
        await using LoopbackHttp container = await LoopbackHttp.StartAsync(context =>
        {
            given.Add(enclave.Simulator.Host.Role!.CurrentCredential());
            return context.Response.WriteAsync(Describe(given[^1]));
        });
        using var environment = new EnvironmentScope(EnvironmentOf(container));
        using var credentials = new FreshCredentials(
            new CredentialSource(new AwsCredentialSettings { Timeout = Patience }, clock, NullLogger.Instance), clock, NullLogger.Instance);
        await using var session = new EnclaveSession(
            await EnclaveConnector.ConnectAsync(enclave.Address, null, Patience, clock, NullLogger.Instance, CancellationToken.None), credentials, region: null);
        var input = new Pipe();
        var results = new Pipe();
        var tally = new BatchTally();
        using var output = new BatchOutput(results.Writer.AsStream(), () => true, OutputFormat.Text, TextWriter.Null);
        using var printed = new StreamReader(results.Reader.AsStream());
        Task running = Batch(tally).RunAsync(
            new BatchLineReader(input.Reader.AsStream()), Alone(session), output, CancellationToken.None);

        // 10 minutes' credentials are renewed where less than 4 are left; the simulator has new ones where 2.5 are.
        foreach (int minutes in new[] { 0, 5, 8, 11, 19 })
        {
            clock.Offset = TimeSpan.FromMinutes(minutes);
            enclave.Simulator.Host.Clock.Offset = clock.Offset;
            await input.Writer.WriteAsync(Encoding.ASCII.GetBytes(enclave.Encrypt(Encoding.ASCII.GetBytes($"minute {minutes}")) + "\n"));
            Assert.Equal($"minute {minutes}", await printed.ReadLineAsync().WaitAsync(Patience));
        }

        await input.Writer.CompleteAsync();
        await running.WaitAsync(Patience);
        Assert.Equal(5, tally.Decrypted);
        Assert.Equal(3, given.Select(credential => credential.AccessKeyId).Distinct().Count());
        Assert.Equal(3, given.Count);
    }

    [Fact]
    public async Task RunAsync_a_connection_without_a_response_takes_no_line_and_is_mentioned()
    {
        var clock = new ManualClock();
        await using var enclave = new SampleEnclave();
        using var environment = new EnvironmentScope(KeyPair);
        using var credentials = new FreshCredentials(
            new CredentialSource(new AwsCredentialSettings { Timeout = Patience }, TimeProvider.System, NullLogger.Instance), TimeProvider.System, NullLogger.Instance);
        async Task<EnclaveSession> openAsync(CancellationToken token) => new(
            await EnclaveConnector.ConnectAsync(enclave.Address, null, Patience, TimeProvider.System, NullLogger.Instance, token), credentials, region: null);
        await using EnclaveSession first = await openAsync(CancellationToken.None);
        var input = new Pipe();
        var results = new Pipe();
        using var errors = new StringWriter();
        using var output = new BatchOutput(results.Writer.AsStream(), () => true, OutputFormat.Text, errors);
        using var printed = new StreamReader(results.Reader.AsStream());
        using var timer = new CancellationTokenSource(Patience);

        Task running = Batch(new BatchTally(), clock).RunAsync(
            new BatchLineReader(input.Reader.AsStream()), new BatchSessions(enclave.Address, first, 1, openAsync), output, timer.Token);
        foreach (string line in new[] { "one", "two", "three" })
        {
            await input.Writer.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.ASCII.GetBytes(line)) + "\n"));
            Assert.Equal(line, await printed.ReadLineAsync().WaitAsync(Patience));
            if (line == "one")
            {
                await clock.WaitForTimerAsync(TimeSpan.FromSeconds(5), timer.Token);
                clock.Advance(TimeSpan.FromSeconds(4.9));
                Assert.Equal("", errors.ToString());
                clock.Advance(TimeSpan.FromSeconds(0.1));
            }
        }

        await input.Writer.CompleteAsync();
        await running.WaitAsync(Patience);
        Assert.Single(errors.ToString().TrimEnd('\n').Split('\n'));
        Assert.Contains("1 of 2 connections", errors.ToString(), StringComparison.Ordinal);
        Assert.All(enclave.Received, command => Assert.Equal(1, command.Connection));
    }

    [Fact]
    public async Task RunAsync_response_that_takes_long_is_told_once()
    {
        var clock = new ManualClock();
        var log = new RecordingLogger();
        var slow = new SemaphoreSlim(0);
        await using var enclave = new SampleEnclave(answer: async (_, _, operation, stop) =>
        {
            if (operation == "Decrypt")
            {
                await slow.WaitAsync(stop);
            }

            return null;
        });
        using var environment = new EnvironmentScope(KeyPair);
        using var credentials = new FreshCredentials(
            new CredentialSource(new AwsCredentialSettings { Timeout = Patience }, TimeProvider.System, NullLogger.Instance), TimeProvider.System, NullLogger.Instance);
        await using var first = new EnclaveSession(
            await EnclaveConnector.ConnectAsync(enclave.Address, null, Patience, TimeProvider.System, NullLogger.Instance, CancellationToken.None), credentials, region: null);
        var input = new Pipe();
        var results = new Pipe();
        using var output = new BatchOutput(results.Writer.AsStream(), () => true, OutputFormat.Text, TextWriter.Null);
        using var printed = new StreamReader(results.Reader.AsStream());
        using var timer = new CancellationTokenSource(Patience);

        Task running = Batch(new BatchTally(), clock, log).RunAsync(
            new BatchLineReader(input.Reader.AsStream()), Alone(first), output, timer.Token);
        foreach (string line in new[] { "one", "two" })
        {
            Assert.Equal(line == "one" ? 0 : 1, log.Warnings.Count());
            await input.Writer.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToBase64String(Encoding.ASCII.GetBytes(line)) + "\n"));
            await clock.WaitForTimerAsync(TimeSpan.FromSeconds(2), timer.Token);
            clock.Advance(TimeSpan.FromSeconds(2));
            slow.Release();
            Assert.Equal(line, await printed.ReadLineAsync().WaitAsync(Patience));
        }

        await input.Writer.CompleteAsync();
        await running.WaitAsync(Patience);
        Assert.Equal("still waiting for the response of the enclave at unix:/enclave to Decrypt", Assert.Single(log.Warnings));
    }

    [Fact]
    public async Task RunAsync_reading_waits_for_the_writing()
    {
        const int Length = 100;
        const int Lines = 100_000;
        // Every line is refused unasked, so that nothing but the writing takes time.
        await using var enclave = FakeEnclave.Start();
        using var credentials = new FreshCredentials(
            new CredentialSource(new AwsCredentialSettings { Timeout = Patience }, TimeProvider.System, NullLogger.Instance), TimeProvider.System, NullLogger.Instance);
        await using var session = new EnclaveSession(
            await EnclaveConnector.ConnectAsync(enclave.Address, null, Patience, TimeProvider.System, NullLogger.Instance, CancellationToken.None), credentials, null);
        using var input = new MemoryStream(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(new string('!', Length - 1) + "\n", Lines))));
        var tally = new BatchTally();
        using var watch = new WatchedStream(() => input.Position - tally.Bytes);
        using var output = new BatchOutput(watch, () => true, OutputFormat.Text, TextWriter.Null);

        await Batch(tally).RunAsync(new BatchLineReader(input), Alone(session), output, CancellationToken.None).WaitAsync(Patience);

        // The reader's buffer, 64 lines for 16 commands, and one on its way at either end.
        Assert.InRange(watch.Most, 1, (64 * 1024) + ((64 + 2) * Length));
        Assert.Equal(Lines, tally.Failed);
        Assert.Equal(Lines * Length, tally.Bytes);
    }

    private static DecryptBatch Batch(BatchTally tally, TimeProvider? time = null, ILogger? log = null) => new(
        new DecryptCommand { Ciphertext = default }, continuesOnError: true, tally, new WaitNotice(log ?? NullLogger.Instance, time ?? TimeProvider.System), time ?? TimeProvider.System);

    private static BatchSessions Alone(EnclaveSession session) => new(new StreamAddress.Unix("/enclave"), session, 0, _ => throw new InvalidOperationException());

    private static string Describe(AwsCredential credential) => $$"""
        {"RoleArn":"r","AccessKeyId":"{{credential.AccessKeyId}}","SecretAccessKey":"{{credential.SecretAccessKey}}","Token":"{{credential.SessionToken}}","Expiration":"{{credential.Expiration:yyyy-MM-ddTHH:mm:ssZ}}"}
        """;

    internal static Dictionary<string, string?> EnvironmentOf(LoopbackHttp container) => new()
    {
        ["AWS_ACCESS_KEY_ID"] = null,
        ["AWS_PROFILE"] = null,
        ["AWS_WEB_IDENTITY_TOKEN_FILE"] = null,
        ["AWS_CONFIG_FILE"] = "/nonexistent",
        ["AWS_SHARED_CREDENTIALS_FILE"] = "/nonexistent",
        ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = null,
        ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = container.Url + "/credentials",
    };

    /// <summary>Takes a measure whenever something is written.</summary>
    private sealed class WatchedStream(Func<long> measure) : MemoryStream
    {
        public long Most { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Most = Math.Max(Most, measure());
            // Lets the reader run on.
            await Task.Yield();
            Most = Math.Max(Most, measure());
        }
    }
}
