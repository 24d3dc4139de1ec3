using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Enclave.Commands;
using KmsTool.Instance.Commands;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.EndToEnd;

/// <summary>
/// The programs under the names of the AWS sample's take the sample's command lines. A Unix socket stands in for vsock,
/// which this machine may not have: --cid and --proxy name it.
/// </summary>
public sealed class OriginalNamesTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("positional last", "--region", "us-east-1", "CIPHERTEXT")]
    [InlineData("positional first", "CIPHERTEXT", "--region", "us-east-1")]
    [InlineData("short options", "-r", "us-east-1", "-e", "Purpose=demo", "CIPHERTEXT")]
    [InlineData("options twice", "-r", "eu-west-1", "-r", "us-east-1", "-c", "1", "CIPHERTEXT")]
    [InlineData("a name twice", "-r", "us-east-1", "-e", "Purpose=other", "-e", "Purpose=demo", "CIPHERTEXT")]
    [InlineData("an empty region", "--region", "", "CIPHERTEXT")]
    public async Task Instance_takesTheOriginalsCommandLine(string what, params string[] arguments)
    {
        await using Deployment deployment = await Deployment.StartAsync();
        var context = new Dictionary<string, string> { ["Purpose"] = "demo" };
        string ciphertext = deployment.Encrypt("Hello, KMS!"u8, arguments.Contains("-e") ? context : null);
        string program = LinkedProgram.Create(_directory, "kmstool-instance", "kmstool_instance");

        ProgramResult result = await ProgramRunner.RunAsync(
            program,
            [.. arguments.Select(argument => argument == "CIPHERTEXT" ? ciphertext : argument), "--cid", deployment.EnclaveAddress],
            deployment.InstanceEnvironment);

        Assert.True(result is { ExitCode: 0, Output: "Hello, KMS!\n" }, $"{what}: {result.Error}");
    }

    /// <summary>Base64 of 6 bytes, and the name of a command where the program has commands.</summary>
    [Fact]
    public async Task Instance_takesACiphertextThatReadsLikeACommand()
    {
        string program = LinkedProgram.Create(_directory, "kmstool-instance", "kmstool_instance");
        await using Deployment deployment = await Deployment.StartAsync();

        ProgramResult result = await ProgramRunner.RunAsync(program, ["--cid", deployment.EnclaveAddress, "describe"], deployment.InstanceEnvironment);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("InvalidCiphertextException", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--cid", "16")]
    [InlineData("--cid", "16", "???")]
    [InlineData("--cid", "16", "AAAA")]
    [InlineData("--cid", "unix:/nonexistent/enclave.sock", "AAAA", "WITH CREDENTIALS")]
    [InlineData("--bogus")]
    public async Task Instance_fails_with_exit_code_1(params string[] arguments)
    {
        string program = LinkedProgram.Create(_directory, "kmstool-instance", "kmstool_instance");
        bool withCredentials = arguments[^1] == "WITH CREDENTIALS";

        ProgramResult result = await ProgramRunner.RunAsync(
            program,
            withCredentials ? arguments[..^1] : arguments,
            withCredentials ? new Dictionary<string, string> { ["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE", ["AWS_SECRET_ACCESS_KEY"] = "secret" } : null);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
    }

    [Fact]
    public void Instance_takes_the_last_pair_of_a_context_name_and_a_pair_without_a_name()
    {
        var decrypt = new DecryptCommandLine(asSample: true);
        ParseResult parsed = CommandRunner.Parse(
            KmsTool.Instance.Program.BuildCommandTree("kmstool_instance", decrypt), ["-c", "1", "-c", "16", "-e", "a=1", "-e", "=x", "-e", "a=2", "AAAA"]);

        DecryptSettings request = decrypt.Bind(parsed);

        Assert.Equal(new Dictionary<string, string> { ["a"] = "2", [""] = "x" }, request.Command.EncryptionContext);
        Assert.Equal(new StreamAddress.Vsock(16, 3000), request.Enclave.Address);
    }

    [Fact]
    public async Task Enclave_takesTheOriginalsCommandLine()
    {
        await using Deployment deployment = await Deployment.StartAsync();
        string program = LinkedProgram.Create(_directory, "kmstool-enclave", "kmstool_enclave");
        string address = "unix:" + _directory["e.sock"];
        await using RunningProgram enclave = ProgramRunner.Start(
            program,
            ["--listen", address, "--proxy", $"tcp:127.0.0.1:{deployment.Simulator.Host.KmsEndpoint.Port}"],
            new Dictionary<string, string>
            {
                ["REGION"] = "us-east-1",
                ["ENDPOINT"] = "kms.us-east-1.amazonaws.com",
                ["KMSTOOL_NSM"] = deployment.Simulator.Host.NsmAddress.ToString(),
                ["AWS_CA_BUNDLE"] = deployment.Simulator.Host.Files.CaBundle,
            });
        await enclave.WaitForOutputAsync("ready");

        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["--cid", address, deployment.Encrypt("Hello, KMS!"u8)], deployment.InstanceEnvironment);

        Assert.Equal((0, "Hello, KMS!\n"), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData("--region", "us-east-1", "--port", "3001", "--proxy-port", "8001")]
    [InlineData("-r", "us-east-1", "-p", "3001", "-x", "8001")]
    [InlineData("--region", "us-east-1", "-r", "us-east-2", "--port", "3001", "-p", "3002", "-x", "8001", "-x", "8002")]
    public void Enclave_understandsTheOriginalsOptions(params string[] arguments) =>
        Assert.Empty(CommandRunner.Parse(KmsTool.Enclave.Program.BuildCommandTree("kmstool_enclave", new ServeCommandLine()), arguments).Errors);

    [Theory]
    [InlineData("kmstool_enclave_cli", 0, 0)]
    [InlineData("kmstool_enclave_cli", 1, 255)]
    [InlineData("kmstool_enclave_cli", 2, 1)]
    [InlineData("kmstool_enclave_cli", 3, 1)]
    [InlineData("kmstool_enclave_cli", 4, 255)]
    [InlineData("kmstool_enclave_cli", 5, 255)]
    [InlineData("kmstool-enclave", 5, 5)]
    [InlineData("kmstool_enclave", 42, 42)]
    public void Exit_code_is_that_of_the_name(string name, int exitCode, int expected) =>
        Assert.Equal(expected, KmsTool.Enclave.Program.ExitCodeUnder(name, (ExitCode)exitCode));

    [Fact]
    public void Enclave_underTheOriginalsName_hasNoCommandsButServe() =>
        Assert.NotEmpty(CommandRunner.Parse(KmsTool.Enclave.Program.BuildCommandTree("kmstool_enclave", new ServeCommandLine()), ["decrypt"]).Errors);
}
