using System.Net.Sockets;
using System.Security.Cryptography;
using KmsTool.Benchmarks.Processes;
using KmsTool.CommandLine;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Benchmarks.Load;

/// <summary>
/// What surrounds the enclave under measurement: the simulator, optionally the parent's proxy, a key, a ciphertext and
/// credentials, in a folder that goes when it does.
/// </summary>
internal sealed class Testbed : IAsyncDisposable
{
    private const int PlaintextLength = 32;

    private static readonly TimeSpan ProxyPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ProxyPoll = TimeSpan.FromMilliseconds(20);

    private static readonly Dictionary<string, string> NoEnvironment = [];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kt");
    private readonly LoadOptions _options;
    private SimulatedAws? _aws;
    private string _proxyAddress = "";
    private int _enclaves;

    private Testbed(LoadOptions options) => _options = options;

    public StartedProgram Simulator { get; private set; } = null!;

    /// <summary>kmstool-instance vsock-proxy, where one is asked for.</summary>
    public StartedProgram? Proxy { get; private set; }

    public WireMessages Messages { get; private set; } = null!;

    public SimulatedAws Aws => _aws!;

    /// <summary>Credentials that may decrypt from the enclave.</summary>
    public SessionCredentials Credentials { get; private set; } = null!;

    /// <summary>A ciphertext in base64, and what it holds.</summary>
    public (string Ciphertext, string Plaintext) Sample { get; private set; }

    /// <summary>Where KMS is reached.</summary>
    public StreamAddress KmsAddress => StreamAddress.Parse(_proxyAddress);

    /// <summary>Where the enclave started last listens.</summary>
    public UnixDomainSocketEndPoint Enclave => new(EnclaveSocket);

    private string EnclaveSocket => PathOf($"enclave{_enclaves}.sock");

    /// <exception cref="CommandFailedException">A program is missing or does not start.</exception>
    public static async Task<Testbed> StartAsync(LoadOptions options, CancellationToken cancellationToken)
    {
        var testbed = new Testbed(options);
        try
        {
            string pcr0 = RandomNumberGenerator.GetHexString(96, lowercase: true);
            string simulation = testbed.PathOf("simulator");
            testbed.Simulator = testbed.Start("kmstool-simulator", ["run", "--dir", simulation, "--pcr0", pcr0], NoEnvironment);
            await testbed.Simulator.WaitUntilReadyAsync(cancellationToken);
            await testbed.PrepareAsync(Path.Combine(simulation, "env.sh"), pcr0, cancellationToken);
            return testbed;
        }
        catch
        {
            await testbed.DisposeAsync();
            throw;
        }
    }

    /// <summary>Path of a published program.</summary>
    /// <exception cref="CommandFailedException">It has not been published.</exception>
    public static string FindProgram(LoadOptions options, string name)
    {
        string path = Path.GetFullPath(name, Path.GetFullPath(options.ProgramDirectory));
        return File.Exists(path)
            ? path
            : throw new CommandFailedException(ExitCode.WrongUsage, $"There is no {path}; run 'make publish' first, or name another folder with --programs.");
    }

    /// <summary>Starts one more enclave, which the caller waits for and disposes of.</summary>
    public StartedProgram StartEnclave()
    {
        _enclaves++;
        string[] arguments =
        [
            "serve", "--listen", $"unix:{EnclaveSocket}", "--proxy", _proxyAddress, "--nsm", _aws!.NsmAddress, "--ca-bundle", _aws.CaBundle,
            .. _options.EnclaveArguments,
        ];
        return Start("kmstool-enclave", arguments, _options.EnclaveEnvironment);
    }

    /// <summary>Starts a KMS proxy, which the caller waits for and disposes of.</summary>
    /// <param name="environmentFile">Written by it before it is ready.</param>
    public StartedProgram StartKmsProxy(out string environmentFile)
    {
        _enclaves++;
        environmentFile = PathOf($"proxy{_enclaves}.env");
        var environment = new Dictionary<string, string>(_options.EnclaveEnvironment)
        {
            ["AWS_ACCESS_KEY_ID"] = Credentials.AccessKeyId,
            ["AWS_SECRET_ACCESS_KEY"] = Credentials.SecretAccessKey,
            ["AWS_SESSION_TOKEN"] = Credentials.SessionToken,
        };
        string[] arguments =
        [
            "kms-proxy", "--listen-port", "0", "--environment-file", environmentFile, "--credentials", "environment", "--region", _aws!.Region,
            "--proxy", _proxyAddress, "--nsm", _aws.NsmAddress, "--ca-bundle", _aws.CaBundle, .. _options.EnclaveArguments,
        ];
        return Start("kmstool-enclave", arguments, environment);
    }

    public async ValueTask DisposeAsync()
    {
        _aws?.Dispose();
        if (Proxy is not null)
        {
            await Proxy.DisposeAsync();
        }

        if (Simulator is not null)
        {
            await Simulator.DisposeAsync();
        }

        _directory.Delete(recursive: true);
    }

    private async Task PrepareAsync(string environmentFile, string pcr0, CancellationToken cancellationToken)
    {
        _aws = new SimulatedAws(environmentFile);
        _proxyAddress = $"tcp:127.0.0.1:{_aws.KmsPort}";
        if (_options.ThroughProxy)
        {
            await StartProxyAsync(cancellationToken);
        }

        (string roleArn, SessionCredentials credentials) = await _aws.GetRoleAsync(cancellationToken);
        string plaintext = Convert.ToBase64String(RandomNumberGenerator.GetBytes(PlaintextLength));
        string keyId = await _aws.CreateKeyAsync(roleArn, pcr0, cancellationToken);
        Sample = (await _aws.EncryptAsync(keyId, plaintext, cancellationToken), plaintext);
        Credentials = credentials;
        Messages = WireMessages.Create(credentials, Sample.Ciphertext, Sample.Plaintext);
    }

    private async Task StartProxyAsync(CancellationToken cancellationToken)
    {
        string socket = PathOf("proxy.sock");
        _proxyAddress = $"unix:{socket}";
        Proxy = Start("kmstool-instance",
            ["vsock-proxy", _proxyAddress, "127.0.0.1", $"{_aws!.KmsPort}"], NoEnvironment);

        // It says nothing on stdout when it listens.
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(ProxyPatience);
        while (true)
        {
            try
            {
                (await StreamConnector.ConnectAsync(new StreamAddress.Unix(socket), null, deadline.Token)).Dispose();
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(ProxyPoll, deadline.Token);
            }
        }
    }

    private StartedProgram Start(string name, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment) =>
        StartedProgram.Start(FindProgram(_options, name), arguments, environment, PathOf($"{name}{_enclaves}.log"));

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);
}
