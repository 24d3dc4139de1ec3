using System.Runtime.InteropServices;
using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Vsock;
using System.Security.Cryptography.X509Certificates;

namespace KmsTool.Tests.Simulator.Commands;

public sealed class RunCommandTests : IDisposable
{
    private const string Pcr0 = "abababababababababababababababababababababababababababababababababababababababababababababababab";

    private readonly string _directory = Directory.CreateTempSubdirectory("kt'").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGINT)]
    public async Task Run_untilASignal_servesAndCleansUp(PosixSignal signal)
    {
        await using ChildProcess simulator = ChildProcess.StartSimulator("run", "--dir", _directory, "--pcr0", Pcr0, "--region", "eu-west-1");
        await simulator.WaitUntilReadyAsync();
        Dictionary<string, string> exports = await SourceAsync();

        Assert.Equal(
            [
                "AWS_ACCESS_KEY_ID", "AWS_CA_BUNDLE", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_ENDPOINT_URL_KMS",
                "AWS_ENDPOINT_URL_STS", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "KMSTOOL_NSM",
            ],
            exports.Keys.Where(name => name.StartsWith("AWS_", StringComparison.Ordinal) || name.StartsWith("KMSTOOL_", StringComparison.Ordinal)).Order());
        Assert.Equal("eu-west-1", exports["AWS_REGION"]);
        Assert.Equal($"unix:{_directory}/nsm.sock", exports["KMSTOOL_NSM"]);
        Assert.Equal($"{_directory}/ca.pem", exports["AWS_CA_BUNDLE"]);
        Assert.Matches("^https://127.0.0.1:[0-9]+$", exports["AWS_ENDPOINT_URL_KMS"]);
        Assert.Matches("^http://127.0.0.1:[0-9]+$", exports["AWS_EC2_METADATA_SERVICE_ENDPOINT"]);
        Assert.EndsWith("\nready\n", simulator.Output, StringComparison.Ordinal);
        Assert.Contains(exports["AWS_ENDPOINT_URL_KMS"], simulator.Output, StringComparison.Ordinal);
        Assert.Contains(Pcr0, simulator.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(exports["AWS_SECRET_ACCESS_KEY"], simulator.Output, StringComparison.Ordinal);

        simulator.Signal(signal);

        Assert.Equal(0, await simulator.WaitForExitAsync());
        Assert.Equal("", simulator.Error);
        Assert.False(File.Exists(Path.Combine(_directory, "nsm.sock")));
    }

    [Fact]
    public async Task Nsm_ofASecondEnclave_isSignedByTheSamePki()
    {
        StreamAddress address = StreamAddress.Parse($"unix:{_directory}/second.sock");
        await using ChildProcess simulator = ChildProcess.StartSimulator("run", "--dir", _directory);
        await simulator.WaitUntilReadyAsync();
        await using ChildProcess second = ChildProcess.StartSimulator("nsm", "--dir", _directory, "--pcr0", Pcr0, "--pcr", $"8={Pcr0}", "--listen", address.ToString());
        await second.WaitUntilReadyAsync();

        byte[] document;
        await using (NsmClient nsm = await NsmClient.ConnectAsync(address))
            document = await nsm.AttestAsync(publicKey: null);

        using X509Certificate2 root = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_directory, "nsm-root.pem"));
        AttestationVerdict verdict = new AttestationVerifier(AttestationRoot.FromCertificate(root)).Verify(document, TimeProvider.System.GetUtcNow());
        Assert.True(verdict.IsValid, verdict.Reason);
        Assert.Equal(Pcr0, Convert.ToHexStringLower(verdict.Document!.Pcrs[0].Span));
        Assert.Equal(Pcr0, Convert.ToHexStringLower(verdict.Document.Pcrs[8].Span));
        second.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await second.WaitForExitAsync());
        Assert.False(File.Exists($"{_directory}/second.sock"));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(2, "walk")]
    [InlineData(2, "run")]
    [InlineData(2, "run", "--dir", "DIR", "--port", "x")]
    [InlineData(2, "run", "--dir", "DIR", "--port", "65536")]
    [InlineData(2, "run", "--dir", "DIR", "--pcr0", "abab")]
    [InlineData(2, "run", "--dir", "DIR", "--pcr", "32=" + Pcr0)]
    [InlineData(2, "run", "--dir", "DIR", "--pcr", Pcr0)]
    [InlineData(2, "run", "--dir", "DIR", "--pcr0", Pcr0, "--pcr", "0=" + Pcr0)]
    [InlineData(2, "run", "--dir", "DIR", "--region", "'; rm")]
    [InlineData(2, "run", "--dir", "DIR", "--tls-name", "no name")]
    [InlineData(2, "run", "--dir", "DIR", "--fault", "none")]
    [InlineData(2, "run", "--dir", "DIR", "--credential-lifetime", "0")]
    [InlineData(2, "run", "--dir", "DIR", "--clock-offset", "999999999")]
    [InlineData(2, "nsm", "--dir", "DIR", "--pcr0", Pcr0)]
    [InlineData(2, "nsm", "--dir", "DIR", "--pcr0", Pcr0, "--listen", "/plain/path")]
    [InlineData(1, "nsm", "--dir", "DIR", "--pcr0", Pcr0, "--listen", "unix:DIR/x.sock")]
    [InlineData(1, "run", "--dir", "/dev/null/x")]
    public async Task BadUse_isExplainedInOneLine(int exitCode, params string[] arguments)
    {
        await using ChildProcess simulator = ChildProcess.StartSimulator([.. arguments.Select(a => a.Replace("DIR", _directory, StringComparison.Ordinal))]);

        Assert.Equal(exitCode, await simulator.WaitForExitAsync());
        Assert.Equal("", simulator.Output);
        Assert.StartsWith("kmstool-simulator: ", simulator.Error, StringComparison.Ordinal);
        Assert.Single(simulator.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData]
    [InlineData("run")]
    [InlineData("nsm")]
    public async Task Help_teachesIn80Columns(params string[] command)
    {
        await using ChildProcess simulator = ChildProcess.StartSimulator([.. command, "--help"]);

        Assert.Equal(0, await simulator.WaitForExitAsync());
        Assert.Contains("kmstool-simulator", simulator.Output, StringComparison.Ordinal);
        Assert.All(simulator.Output.Split('\n'), line => Assert.True(line.Length <= 80, line));
    }

    /// <summary>Sources env.sh in a shell that holds an old session token, and gives its environment.</summary>
    private async Task<Dictionary<string, string>> SourceAsync()
    {
        Dictionary<string, string> before = new() { ["AWS_SESSION_TOKEN"] = "old", ["FILE"] = Path.Combine(_directory, "env.sh") };
        await using ChildProcess shell = ChildProcess.Start("/bin/sh", before, "-euc", ". \"$FILE\"; env");
        Assert.Equal(0, await shell.WaitForExitAsync());
        return shell.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
    }
}
