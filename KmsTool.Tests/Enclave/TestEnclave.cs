using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Hosting;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Tests.Enclave;

/// <summary>A simulator and an enclave daemon that reaches its KMS as through a parent's proxy, under KMS's real host name.</summary>
internal sealed class TestEnclave : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly AttestedKms _kms;
    private readonly EnclaveServer _server;

    private TestEnclave(RunningSimulator simulator, AttestedKms kms, EnclaveServer server, ServeSettings options)
    {
        _kms = kms;
        Simulator = simulator;
        Options = options;
        _server = server;
        Running = server.RunAsync(_stopping.Token);
    }

    public RunningSimulator Simulator { get; }

    public ServeSettings Options { get; }

    /// <summary>Ends when the daemon does.</summary>
    public Task Running { get; }

    public StreamAddress Address => _server.LocalAddress;

    public static Task<TestEnclave> StartAsync(
        Func<ServeSettings, ServeSettings>? configure = null, TimeProvider? time = null, ILogger? logger = null) =>
        StartAsync((options, _) => configure?.Invoke(options) ?? options, time, logger);

    /// <param name="configure">Changes the options; the simulator runs already.</param>
    /// <param name="time">The enclave's clock.</param>
    /// <param name="logger">The enclave's log.</param>
    /// <param name="simulate">Changes the simulator's options.</param>
    /// <param name="credentials">Takes credentials that the instance pushes.</param>
    public static async Task<TestEnclave> StartAsync(
        Func<ServeSettings, SimulatorHost, ServeSettings> configure,
        TimeProvider? time = null,
        ILogger? logger = null,
        Func<SimulatorOptions, SimulatorOptions>? simulate = null,
        CredentialStore? credentials = null)
    {
        RunningSimulator simulator = await RunningSimulator.StartAsync(simulate);
        try
        {
            var options = new ServeSettings
            {
                Listen = Transports.AnyAddress(Path.Combine(simulator.Host.Files.Directory, "enclave.sock")),
                Kms = new KmsSettings
                {
                    Proxy = new StreamAddress.Tcp("127.0.0.1", (ushort)simulator.Host.KmsEndpoint.Port),
                    Nsm = simulator.Host.NsmAddress.ToString(),
                    CaBundle = simulator.Host.Files.CaBundle,
                    // Nothing of this machine's.
                    Startup = new StartupSettings { RandomSourcePath = "/dev/null", RandomPath = "/dev/null" },
                },
                Limits = new DaemonLimits(),
                LogLevel = LogLevel.Trace,
            };
            options = configure(options, simulator.Host);
            time ??= TimeProvider.System;
            logger ??= NullLogger.Instance;
            AttestedKms kms = await AttestedKms.OpenAsync(
                options.Kms, time, logger, CancellationToken.None);
            return new TestEnclave(simulator, kms, EnclaveServer.Start(kms, options, credentials, time, logger), options);
        }
        catch
        {
            await simulator.DisposeAsync();
            throw;
        }
    }

    public Task<EnclavePeer> ConnectAsync() => EnclavePeer.ConnectAsync(Address);

    /// <summary>A connection on which SetClient has succeeded with the instance role's credentials.</summary>
    public async Task<EnclavePeer> ConnectWithClientAsync()
    {
        EnclavePeer peer = await ConnectAsync();
        Assert.Equal("""{"Status":"Ok"}""", await peer.AskAsync(SetClient()));
        return peer;
    }

    /// <summary>A SetClient with the instance role's credentials.</summary>
    public string SetClient()
    {
        KmsTool.Simulator.Iam.AwsCredential credential = Simulator.Host.Role!.CurrentCredential();
        return $$"""{"Operation":"SetClient","AwsAccessKeyId":"{{credential.AccessKeyId}}","AwsSecretAccessKey":"{{credential.SecretAccessKey}}","AwsSessionToken":"{{credential.SessionToken}}"}""";
    }

    /// <summary>A ciphertext in base64 under a key that only this enclave may decrypt with.</summary>
    public string Encrypt(ReadOnlySpan<byte> plaintext, IReadOnlyDictionary<string, string>? context = null) =>
        Convert.ToBase64String(Simulator.Host.Encrypt(CreateKey(), plaintext, context));

    /// <summary>The ARN of a key that only this enclave may use.</summary>
    public string CreateKey(string keySpec = "SYMMETRIC_DEFAULT") =>
        Simulator.Host.CreateKey(KeyPolicies.ForImage(Simulator.Host, Simulator.Host.Pcrs.Read(0).Value), keySpec);

    /// <summary>Stops as SIGTERM does and waits for the drain.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Running.WaitAsync(EnclavePeer.Patience);
    }

    public async ValueTask DisposeAsync()
    {
        if (!Running.IsFaulted)
        {
            await StopAsync();
        }

        await _server.DisposeAsync();
        await _kms.DisposeAsync();
        _stopping.Dispose();
        await Simulator.DisposeAsync();
    }
}
