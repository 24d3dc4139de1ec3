using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Simulator.Kms;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging;

namespace KmsTool.Tests.Enclave.Startup;

/// <summary>The clock against the Nitro Secure Module's, at start and later, on a clock that the test puts forward.</summary>
public class ClockCheckTests
{
    private static readonly TimeSpan Wrong = TimeSpan.FromSeconds(62);

    // Where the simulator's clock is.
    private readonly ManualClock _clock = new(TimeProvider.System.GetUtcNow());
    private readonly RecordingLogger _log = new();

    [Fact]
    public async Task Run_onADocumentOfQemu_readsItsTime()
    {
        await using var nsm = new ScriptedNsm(_clock);

        Assert.NotNull(await Check(nsm).RunAsync(CancellationToken.None));
        Assert.Empty(_log.All);

        nsm.Offset = Wrong;
        Assert.NotNull(await Check(nsm).RunAsync(CancellationToken.None));
        Assert.Single(_log.Warnings);
    }

    [Fact]
    public async Task Run_whenTheModuleIsSlow_doesNotTakeThatForADifference()
    {
        await using var nsm = new ScriptedNsm(_clock) { Before = () => _clock.Advance(Wrong), After = () => _clock.Advance(Wrong) };

        await Check(nsm).RunAsync(CancellationToken.None);

        Assert.Empty(_log.All);
    }

    [Fact]
    public async Task Guard_whenTheClockBecomesWrong_warnsAndServes()
    {
        await using var nsm = new ScriptedNsm(_clock);
        using var stopping = new CancellationTokenSource();
        Task guarded = Check(nsm).GuardAsync(UntilCancelled, stopping.Token);

        nsm.Offset = Wrong;
        await PassAnIntervalAsync();
        await _log.WaitForAsync("The clock differs by", Cancellation());
        await PassAnIntervalAsync();
        await NextIntervalAsync();

        Assert.Equal(2, _log.Warnings.Count());
        Assert.False(guarded.IsCompleted);
        await stopping.CancelAsync();
        await guarded;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Guard_whenTheClockBecomesWrongAndThatIsRefused_endsWhatIsServedAndFails(int direction)
    {
        await using var nsm = new ScriptedNsm(_clock);
        bool ended = false;
        Task guarded = Check(nsm, refuse: true).GuardAsync(
            async token =>
            {
                await UntilCancelled(token);
                ended = true;
            },
            CancellationToken.None);

        await PassAnIntervalAsync();
        await NextIntervalAsync();
        Assert.False(guarded.IsCompleted);
        nsm.Offset = Wrong * direction;
        _clock.Advance(ClockCheck.Interval);

        StartupException e = await Assert.ThrowsAsync<StartupException>(() => guarded.WaitAsync(EnclavePeer.Patience));
        Assert.Equal(StartupFailure.ClockDiffers, e.Failure);
        Assert.True(ended);
    }

    [Fact]
    public async Task Guard_whenTheModuleDoesNotAnswerOnce_warnsAndComparesAgain()
    {
        await using var nsm = new ScriptedNsm(_clock) { Before = () => throw new IOException("no answer") };
        Task guarded = Check(nsm, refuse: true).GuardAsync(UntilCancelled, CancellationToken.None);
        await PassAnIntervalAsync();
        await _log.WaitForAsync("could not be compared", Cancellation());
        nsm.Before = null;
        nsm.Offset = Wrong;

        await PassAnIntervalAsync();

        await Assert.ThrowsAsync<StartupException>(() => guarded.WaitAsync(EnclavePeer.Patience));
    }

    [Fact]
    public async Task Guard_whenWhatIsServedFails_failsWithIt()
    {
        await using var nsm = new ScriptedNsm(_clock);

        await Assert.ThrowsAsync<TimeoutException>(
            () => Check(nsm).GuardAsync(_ => Task.FromException(new TimeoutException()), CancellationToken.None).WaitAsync(EnclavePeer.Patience));
    }

    [Fact]
    public async Task Daemon_whenTheClockBecomesWrongAndThatIsRefused_ends()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Kms = options.Kms with { Startup = options.Kms.Startup with { RefuseClockSkew = true } } }, _clock);

        await PassAnIntervalAsync();

        await Assert.ThrowsAsync<StartupException>(() => enclave.Running.WaitAsync(EnclavePeer.Patience));
    }

    [Fact]
    public async Task Services_whenTheClockBecomesWrongAndThatIsRefused_end()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        var options = new ServicesSettings
        {
            Kms = new KmsSettings
            {
                Proxy = StreamAddress.Parse("tcp:127.0.0.1:1"),
                Nsm = simulator.Host.NsmAddress.ToString(),
                CaBundle = simulator.Host.Files.CaBundle,
                Startup = new StartupSettings { RandomSourcePath = "/dev/null", RandomPath = "/dev/null", RefuseClockSkew = true },
            },
            Credentials = CredentialOrigin.Environment,
            InstanceMetadata = new Uri(InstanceMetadataSource.DefaultEndpoint),
            Parent = new ParentRoutes(),
            Region = null,
            LogLevel = LogLevel.None,
        };
        await using EnclaveServices services = await EnclaveServices.StartAsync(options, () => throw new InvalidOperationException(), _clock, _log, CancellationToken.None);
        Task running = services.RunAsync(CancellationToken.None);

        await PassAnIntervalAsync();

        await Assert.ThrowsAsync<StartupException>(() => running.WaitAsync(EnclavePeer.Patience));
    }

    private ClockCheck Check(INsm nsm, bool refuse = false) => new(nsm, new StartupSettings { RefuseClockSkew = refuse }, _clock, _log);

    private async Task PassAnIntervalAsync()
    {
        await NextIntervalAsync();
        _clock.Advance(ClockCheck.Interval);
    }

    private Task NextIntervalAsync() => _clock.WaitForTimerAsync(ClockCheck.Interval, Cancellation());

    private static CancellationToken Cancellation() => new CancellationTokenSource(EnclavePeer.Patience).Token;

    private static Task UntilCancelled(CancellationToken cancellationToken) =>
        Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);

    /// <summary>Attests as QEMU's device does, which does not sign.</summary>
    private sealed class ScriptedNsm(TimeProvider time) : INsm
    {
        /// <summary>How far its clock is ahead.</summary>
        public TimeSpan Offset { get; set; }

        public Action? Before { get; set; }

        public Action? After { get; set; }

        public ValueTask<NsmResponse> SendAsync(NsmRequest request, CancellationToken cancellationToken)
        {
            Before?.Invoke();
            var document = new QemuDocument(new byte[1], new byte[48], time.GetUtcNow() + Offset);
            After?.Invoke();
            return new(new NsmResponse.Attestation(document.Encode()));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
