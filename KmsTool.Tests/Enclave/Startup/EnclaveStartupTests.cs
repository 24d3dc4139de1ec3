using System.Security.Cryptography;
using KmsTool.Enclave.Startup;
using KmsTool.Simulator.Faults;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Startup;

/// <summary>What <c>serve</c> prepares and warns of before it is ready.</summary>
public sealed class EnclaveStartupTests : IDisposable
{
    /// <summary>The command of this assembly that adds a seed to OpenSSL's generator.</summary>
    public const string Reseed = "reseed";

    private readonly TempDirectory _directory = new();
    private readonly RecordingLogger _log = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>What <see cref="Reseed"/> does.</summary>
    public static int ReseedOpenSsl()
    {
        byte[] seed = RandomNumberGenerator.GetBytes(16);
        Console.WriteLine("begin");
        OpenSslRandom.Add(seed);
        RandomNumberGenerator.Fill(seed);
        Console.WriteLine("end");
        return 0;
    }

    [Fact]
    public async Task Start_whereTheKernelTakesNoEntropy_mixes1024BytesOfTheNsmInAndWarns()
    {
        File.WriteAllBytes(_directory["random"], []);
        File.WriteAllText(_directory["rng_current"], "nsm-hwrng\n");

        await using TestEnclave enclave = await StartAsync();

        Assert.Contains("could not be seeded at once", Assert.Single(_log.Warnings), StringComparison.Ordinal);

        byte[] seed = File.ReadAllBytes(_directory["random"]);
        Assert.Equal(1024, seed.Length);
        // Four answers of the device, no two alike.
        Assert.Equal(4, seed.Chunk(256).Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public async Task Start_seedsTheKernelThenOpenSslAndThenMakesTheKey()
    {
        File.WriteAllBytes(_directory["random"], []);

        await using TestEnclave enclave = await StartAsync();

        await _log.WaitForAsync("Recipient key", new CancellationTokenSource(EnclavePeer.Patience).Token);
        string[] parts = ["Kernel's random generator", "OpenSSL's random generator seeded", "Recipient key"];
        Assert.Equal(
            parts,
            _log.All.Select(text => parts.FirstOrDefault(part => text.StartsWith(part, StringComparison.Ordinal))).OfType<string>());
    }

    [Fact]
    public async Task Start_withoutOpenSslsLibrary_warnsAndServes()
    {
        await using TestEnclave enclave = await StartAsync(configure: options => options with { CryptoLibrary = "libcrypto.so.none" });
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        Assert.Contains(_log.Warnings, warning => warning.StartsWith("OpenSSL's random generator could not be seeded", StringComparison.Ordinal));
    }

    /// <summary>What the kernel is told, by strace(1): the entropy, to reseed at once, and then OpenSSL asks it anew.</summary>
    [RootFact]
    public async Task GenerateRandom_addsEntropyAndReseedsTheKernelBeforeOpenSsl()
    {
        await using TestEnclave other = await TestEnclave.StartAsync();
        string program = Path.Combine(AppContext.BaseDirectory, "kmstool-enclave");

        // There is no KMS: the command ends by itself, after its key was made.
        ProgramResult result = await ProgramRunner.RunAsync("/usr/bin/strace",
            [
                "-f", "-qq", "-X", "raw", "-e", "trace=ioctl,getrandom", "-o", _directory["trace"], program, "genrandom", "--length", "8",
                "--region", "us-east-1", "--proxy", "unix:" + _directory["none"], "--nsm", other.Simulator.Host.NsmAddress.ToString(),
                "--ca-bundle", other.Simulator.Host.Files.CaBundle,
            ],
            new Dictionary<string, string> { ["AWS_ACCESS_KEY_ID"] = "AKID", ["AWS_SECRET_ACCESS_KEY"] = "x", ["DOTNET_EnableDiagnostics"] = "0" });

        Assert.Equal(4, result.ExitCode);
        string[] calls = File.ReadAllLines(_directory["trace"]);
        int added = Array.FindIndex(calls, call => call.Contains(", 0x40085203, ", StringComparison.Ordinal));
        int reseeded = Array.FindIndex(calls, call => call.Contains(", 0x5207", StringComparison.Ordinal));
        Assert.InRange(added, 0, reseeded);
        Assert.EndsWith(" = 0", calls[added], StringComparison.Ordinal);
        Assert.EndsWith(" = 0", calls[reseeded], StringComparison.Ordinal);
        Assert.Contains(calls[reseeded..], call => call.Contains("getrandom(", StringComparison.Ordinal));
    }

    /// <summary>A generator that works already asks the kernel anew, by strace(1), between the two lines that the process writes.</summary>
    [RootFact]
    public async Task OpenSslRandom_reseedsAtOnce()
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "/usr/bin/strace",
            ["-f", "-qq", "-e", "trace=getrandom,write", "-o", _directory["trace"], ProgramRunner.Dotnet, typeof(EnclaveStartupTests).Assembly.Location, Reseed]);

        Assert.Equal((0, "begin\nend\n"), (result.ExitCode, result.Output));
        string[] calls = File.ReadAllLines(_directory["trace"]);
        int begin = Array.FindIndex(calls, call => call.Contains("\"begin\\n\"", StringComparison.Ordinal));
        int end = Array.FindIndex(calls, call => call.Contains("\"end\\n\"", StringComparison.Ordinal));
        string thread = calls[begin].Split(' ')[0];
        Assert.Contains(
            calls[begin..end],
            call => call.StartsWith(thread + " ", StringComparison.Ordinal) && call.Contains("getrandom(", StringComparison.Ordinal));
    }

    [RootFact]
    public async Task Start_whenNothingIsWrong_warnsOfNothing()
    {
        File.WriteAllText(_directory["rng_current"], "nsm-hwrng\n");

        await using TestEnclave enclave = await StartAsync(configure: options => options with { RandomPath = "/dev/random" });

        Assert.Empty(_log.Warnings);
    }

    [Theory]
    [InlineData("virtio_rng.0\n", "come from virtio_rng.0, not from nsm-hwrng")]
    [InlineData("", "not from nsm-hwrng")]
    [InlineData(null, "come from unknown, not from nsm-hwrng")]
    public async Task Start_withAnotherRandomSource_warns(string? source, string warning)
    {
        File.WriteAllBytes(_directory["random"], []);
        if (source is not null)
        {
            File.WriteAllText(_directory["rng_current"], source);
        }

        await using TestEnclave enclave = await StartAsync();

        Assert.Contains(_log.Warnings, text => text.Contains(warning, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("virtio_rng.0\n")]
    [InlineData(null)]
    public async Task Start_withAnotherRandomSourceThatIsRefused_fails(string? source)
    {
        if (source is not null)
        {
            File.WriteAllText(_directory["rng_current"], source);
        }

        StartupException e = await Assert.ThrowsAsync<StartupException>(
            () => StartAsync(configure: options => options with { RefuseOtherRandomSource = true }));

        Assert.Equal(StartupFailure.OtherRandomSource, e.Failure);
    }

    [Fact]
    public async Task Start_whenTheKernelTakesNoSeed_warnsAndServes()
    {
        await using TestEnclave enclave = await StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        Assert.Contains(_log.Warnings, warning => warning.Contains("could not be seeded", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_inDebugMode_warns()
    {
        await using TestEnclave enclave = await StartAsync(debugMode: true);

        Assert.Contains(_log.Warnings, warning => warning.StartsWith("DEBUG MODE: PCR0 is all zeros", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_inDebugModeThatIsRefused_fails()
    {
        StartupException e = await Assert.ThrowsAsync<StartupException>(
            () => StartAsync(debugMode: true, configure: options => options with { RefuseDebugMode = true }));

        Assert.Equal(StartupFailure.DebugMode, e.Failure);
    }

    [Fact]
    public async Task Start_whenNothingIsWrong_isNotRefused()
    {
        File.WriteAllText(_directory["rng_current"], "nsm-hwrng\n");

        await using TestEnclave enclave = await StartAsync(
            configure: options => options with { RefuseDebugMode = true, RefuseClockSkew = true, RefuseOtherRandomSource = true });
    }

    [Theory]
    [InlineData(61)]
    [InlineData(-61)]
    [InlineData(7200)]
    public async Task Start_withAClockThatIsOff_warns(int seconds)
    {
        await using TestEnclave enclave = await StartAsync(clockOffset: TimeSpan.FromSeconds(seconds));

        Assert.Contains(_log.Warnings, warning => warning.StartsWith("The clock differs by", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    [InlineData(-30)]
    public async Task Start_withAClockThatIsNearlyRight_doesNotWarnOfIt(int seconds)
    {
        await using TestEnclave enclave = await StartAsync(clockOffset: TimeSpan.FromSeconds(seconds));

        Assert.DoesNotContain(_log.Warnings, warning => warning.Contains("clock", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Start_whenTheNsmDoesNotAttest_warnsAndServes()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            (options, host) =>
            {
                host.Faults[SimulatorFault.NsmRefuse] = true;
                return options;
            },
            logger: _log);
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        Assert.Contains(_log.Warnings, warning => warning.StartsWith("The clock could not be compared", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(61)]
    [InlineData(-61)]
    public async Task Start_withAClockThatIsOffAndRefused_fails(int seconds)
    {
        StartupException e = await Assert.ThrowsAsync<StartupException>(() => StartAsync(
            clockOffset: TimeSpan.FromSeconds(seconds), configure: options => options with { RefuseClockSkew = true }));

        Assert.Equal(StartupFailure.ClockDiffers, e.Failure);
    }

    [Fact]
    public async Task Start_whenTheClockCannotBeComparedAndMustBe_fails()
    {
        StartupException e = await Assert.ThrowsAsync<StartupException>(() => TestEnclave.StartAsync((options, host) =>
        {
            host.Faults[SimulatorFault.NsmGarbage] = true;
            return options with { Kms = options.Kms with { Startup = options.Kms.Startup with { RefuseClockSkew = true } } };
        }));

        Assert.Equal(StartupFailure.ClockUnknown, e.Failure);
    }

    /// <summary>In a network namespace of its own, where lo is down as in a fresh enclave (unshare(1)).</summary>
    [RootFact]
    public async Task Serve_bringsLoUpWhereItIsDown()
    {
        await using TestEnclave other = await TestEnclave.StartAsync();
        string program = Path.Combine(AppContext.BaseDirectory, "kmstool-enclave");
        await using RunningProgram enclave = ProgramRunner.Start("/usr/bin/unshare",
        [
            "--net", "--", program, "serve", "--listen", "unix:" + _directory["e.sock"], "--proxy", "unix:" + _directory["p.sock"],
            "--nsm", other.Simulator.Host.NsmAddress.ToString(), "--ca-bundle", other.Simulator.Host.Files.CaBundle,
        ]);

        await enclave.WaitForOutputAsync("ready");

        Assert.Contains("Network interface lo brought up", enclave.Error, StringComparison.Ordinal);
    }

    private Task<TestEnclave> StartAsync(
        bool debugMode = false, TimeSpan clockOffset = default, Func<StartupSettings, StartupSettings>? configure = null) =>
        TestEnclave.StartAsync(
            (options, host) =>
            {
                if (debugMode)
                {
                    host.Pcrs.Set(0, new byte[48]);
                }

                host.Clock.Offset = clockOffset;
                var startup = new StartupSettings { RandomSourcePath = _directory["rng_current"], RandomPath = _directory["random"] };
                return options with { Kms = options.Kms with { Startup = configure?.Invoke(startup) ?? startup } };
            },
            logger: _log);
}
