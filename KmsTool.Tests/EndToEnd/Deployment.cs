using System.Globalization;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.EndToEnd;

/// <summary>
/// The whole as it is deployed: AWS (the simulator), the parent's vsock-proxy and the enclave, each a process of its own on
/// Unix sockets, everything logged at level Trace.
/// </summary>
internal sealed class Deployment : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();

    private Deployment(RunningSimulator simulator) => Simulator = simulator;

    public RunningSimulator Simulator { get; }

    public RunningProgram Proxy { get; private set; } = null!;

    public RunningProgram Enclave { get; private set; } = null!;

    public string EnclaveAddress => "unix:" + _directory["enclave.sock"];

    /// <summary>What a process on the parent finds: IMDSv2 with the instance's role, and nothing else.</summary>
    public Dictionary<string, string> InstanceEnvironment => new()
    {
        ["AWS_EC2_METADATA_DISABLED"] = "false",
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = Simulator.Host.ImdsEndpoint.GetLeftPart(UriPartial.Authority),
    };

    public static async Task<Deployment> StartAsync()
    {
        var deployment = new Deployment(await RunningSimulator.StartAsync());
        try
        {
            await deployment.StartProgramsAsync();
            return deployment;
        }
        catch
        {
            await deployment.DisposeAsync();
            throw;
        }
    }

    public Task<ProgramResult> RunInstanceAsync(params string[] arguments) => ProgramRunner.RunAsync(
        "kmstool-instance", [.. arguments, "--cid", EnclaveAddress, "--log-level", "trace"], InstanceEnvironment);

    /// <summary>The ARN of a key that only this enclave may use.</summary>
    public string CreateKey(string keySpec = "SYMMETRIC_DEFAULT") =>
        Simulator.Host.CreateKey(KeyPolicies.ForImage(Simulator.Host, Simulator.Host.Pcrs.Read(0).Value), keySpec);

    /// <summary>A ciphertext in base64 under such a key.</summary>
    public string Encrypt(ReadOnlySpan<byte> plaintext, IReadOnlyDictionary<string, string>? context = null) =>
        Convert.ToBase64String(Simulator.Host.Encrypt(CreateKey(), plaintext, context));

    /// <summary>Everything of the role's credentials that nobody may see.</summary>
    public IEnumerable<string> CredentialSecrets()
    {
        AwsCredential credential = Simulator.Host.Role!.CurrentCredential();
        return [credential.SecretAccessKey, credential.SessionToken!];
    }

    public async ValueTask DisposeAsync()
    {
        if (Enclave is not null)
        {
            await Enclave.DisposeAsync();
        }

        if (Proxy is not null)
        {
            await Proxy.DisposeAsync();
        }

        await Simulator.DisposeAsync();
        _directory.Dispose();
    }

    private async Task StartProgramsAsync()
    {
        string proxyAddress = "unix:" + _directory["kms.sock"];
        Proxy = ProgramRunner.Start("kmstool-instance",
            ["vsock-proxy", proxyAddress, "127.0.0.1", Simulator.Host.KmsEndpoint.Port.ToString(CultureInfo.InvariantCulture), "--log-level", "trace"]);
        Enclave = ProgramRunner.Start("kmstool-enclave",
            ["serve", "--listen", EnclaveAddress, "--proxy", proxyAddress, "--attestation-ttl", "0", "--log-level", "trace"],
            new Dictionary<string, string>
            {
                ["KMSTOOL_NSM"] = Simulator.Host.NsmAddress.ToString(),
                ["AWS_CA_BUNDLE"] = Simulator.Host.Files.CaBundle,
            });
        await Proxy.WaitForErrorAsync("listening on");
        await Enclave.WaitForOutputAsync("ready");
    }
}
