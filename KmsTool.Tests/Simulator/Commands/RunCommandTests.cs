using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Simulator.Commands;

public sealed class RunCommandTests : IDisposable
{
    private const string Pcr0 = "abababababababababababababababababababababababababababababababababababababababababababababababab";

    private readonly TempDirectory _parent = new();
    private readonly string _directory;

    public RunCommandTests() => _directory = _parent["it's here"];

    public void Dispose() => _parent.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Run_untilASignal_servesAndCleansUp(bool interrupt)
    {
        await using RunningProgram simulator = Start("run", "--dir", _directory, "--pcr0", Pcr0, "--region", "eu-west-1");
        await simulator.WaitForOutputAsync("ready");
        Dictionary<string, string> exports = await SourceAsync();

        Assert.Equal(
            [
                "AWS_ACCESS_KEY_ID", "AWS_CA_BUNDLE", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_ENDPOINT_URL_KMS",
                "AWS_ENDPOINT_URL_STS", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "KMSTOOL_NSM",
            ],
            exports.Keys.Where(name => name.StartsWith("AWS_", StringComparison.Ordinal) || name.StartsWith("KMSTOOL_", StringComparison.Ordinal))
                .Where(name => name != "AWS_EC2_METADATA_DISABLED").Order());
        Assert.Equal("eu-west-1", exports["AWS_REGION"]);
        Assert.Equal($"unix:{_directory}/nsm.sock", exports["KMSTOOL_NSM"]);
        Assert.Equal($"{_directory}/ca.pem", exports["AWS_CA_BUNDLE"]);
        Assert.Matches("^https://127.0.0.1:[0-9]+$", exports["AWS_ENDPOINT_URL_KMS"]);
        Assert.Matches("^http://127.0.0.1:[0-9]+/$", exports["AWS_EC2_METADATA_SERVICE_ENDPOINT"]);

        if (interrupt)
        {
            simulator.Interrupt();
        }
        else
        {
            simulator.Terminate();
        }

        ProgramResult result = await simulator.WaitForExitAsync();

        Assert.Equal(0, result.ExitCode);
        Assert.Equal("", result.Error);
        Assert.EndsWith("\nready\n", result.Output, StringComparison.Ordinal);
        Assert.Contains(exports["AWS_ENDPOINT_URL_KMS"], result.Output, StringComparison.Ordinal);
        Assert.Contains(Pcr0, result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(exports["AWS_SECRET_ACCESS_KEY"], result.Output, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_directory, "nsm.sock")));
    }

    [Fact]
    public async Task Nsm_ofASecondEnclave_isSignedByTheSamePki()
    {
        var address = StreamAddress.Parse($"unix:{_directory}/second.sock");
        await using RunningProgram simulator = Start("run", "--dir", _directory);
        await simulator.WaitForOutputAsync("ready");
        await using RunningProgram second = Start("nsm", "--dir", _directory, "--pcr0", Pcr0, "--pcr", $"8={Pcr0}", "--listen", address.ToString());
        await second.WaitForOutputAsync("ready");

        byte[] document;
        await using (NsmPeer nsm = await NsmPeer.ConnectAsync(address))
        {
            document = await nsm.AttestAsync(publicKey: null);
        }

        using X509Certificate2 root = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_directory, "nsm-root.pem"));
        AttestationVerdict verdict = new AttestationVerifier(AttestationRoot.FromCertificate(root)).Verify(document, TimeProvider.System.GetUtcNow());
        Assert.True(verdict.IsValid, verdict.Reason);
        Assert.Equal(Pcr0, Convert.ToHexStringLower(verdict.Document!.Pcrs[0].Span));
        Assert.Equal(Pcr0, Convert.ToHexStringLower(verdict.Document.Pcrs[8].Span));
        second.Terminate();
        Assert.Equal(0, (await second.WaitForExitAsync()).ExitCode);
        Assert.False(File.Exists($"{_directory}/second.sock"));
    }

    [Fact]
    public async Task Run_acceptingUnsignedAttestation_saysSoLoudly()
    {
        await using RunningProgram simulator = Start("run", "--dir", _directory, "--insecure-accept-unsigned-attestation");
        await simulator.WaitForOutputAsync("ready");
        simulator.Terminate();
        ProgramResult result = await simulator.WaitForExitAsync();

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("warn: kmstool-simulator[1] INSECURE: --insecure-accept-unsigned-attestation is set.", result.Error, StringComparison.Ordinal);
        Assert.Contains("prove nothing and that anybody can make", result.Error, StringComparison.Ordinal);
        Assert.Contains("\nINSECURE  KMS accepts attestation documents that anybody can make\n", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("\nready\n", result.Output, StringComparison.Ordinal);
    }

    /// <summary>AWS users type --debug for the level debug; the log names requests, never what they hold.</summary>
    [Theory]
    [InlineData("--debug")]
    [InlineData("--log-level", "debug")]
    public async Task Run_with_debug_logs_requests(params string[] options)
    {
        await using RunningProgram simulator = Start(["run", "--dir", _directory, .. options]);
        await simulator.WaitForOutputAsync("ready");
        Dictionary<string, string> exports = await SourceAsync();
        ProgramResult created = await ProgramRunner.RunAsync("kmstool-simulator", ["kms", "CreateKey"], exports);
        simulator.Terminate();
        ProgramResult result = await simulator.WaitForExitAsync();

        Assert.Equal((0, 0), (created.ExitCode, result.ExitCode));
        Assert.Contains("dbug: kmstool-simulator[3] KMS answered TrentService.CreateKey with HTTP status 200", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(exports["AWS_SECRET_ACCESS_KEY"], result.Error, StringComparison.Ordinal);
    }

    [Theory]
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
    [InlineData(2, "run", "--dir", "DIR", "--log-level", "loud")]
    [InlineData(2, "run", "--dir", "DIR", "--log-level", "error", "--debug")]
    [InlineData(2, "nsm", "--dir", "DIR", "--pcr0", Pcr0)]
    [InlineData(2, "nsm", "--dir", "DIR", "--pcr0", Pcr0, "--listen", "/plain/path")]
    [InlineData(1, "nsm", "--dir", "DIR", "--pcr0", Pcr0, "--listen", "unix:DIR/x.sock")]
    [InlineData(1, "run", "--dir", "/dev/null/x")]
    public async Task BadUse_isExplainedInOneLine(int exitCode, params string[] arguments)
    {
        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-simulator", arguments.Select(a => a.Replace("DIR", _directory, StringComparison.Ordinal)));

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.StartsWith("kmstool-simulator: ", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [InlineData]
    [InlineData("run")]
    [InlineData("nsm")]
    [InlineData("kms")]
    public async Task Help_teachesIn80Columns(params string[] command)
    {
        ProgramResult result = await ProgramRunner.RunAsync("kmstool-simulator", [.. command, "--help"]);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("kmstool-simulator", result.Output, StringComparison.Ordinal);
        Assert.All(result.Output.Split('\n'), line => Assert.True(line.Length <= 80, line));
    }

    private static RunningProgram Start(params string[] arguments) => ProgramRunner.Start("kmstool-simulator", arguments);

    /// <summary>Sources env.sh in a shell that holds an old session token, and gives its environment.</summary>
    private async Task<Dictionary<string, string>> SourceAsync()
    {
        var before = new Dictionary<string, string> { ["AWS_SESSION_TOKEN"] = "old", ["FILE"] = Path.Combine(_directory, "env.sh") };
        ProgramResult shell = await ProgramRunner.RunAsync("/bin/sh", ["-euc", ". \"$FILE\"; /usr/bin/env"], before);
        Assert.Equal(0, shell.ExitCode);
        return shell.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
    }
}
