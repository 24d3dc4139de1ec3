using System.Net.Sockets;
using System.Text;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.EndToEnd;

/// <summary>An application under <c>kmstool-enclave run</c>, with the credentials of each origin; all programs are processes.</summary>
public sealed class RunTests : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _directory = new();
    private RunningSimulator _simulator = null!;

    public async Task InitializeAsync() => _simulator = await RunningSimulator.StartAsync();

    public async Task DisposeAsync() => await _simulator.DisposeAsync();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Application_decrypts_and_finds_no_credentials_of_the_enclave()
    {
        AwsCredential role = _simulator.Host.Role!.CurrentCredential();
        await using RunningProgram application = Start(
            ["--credentials", "environment", "--log-level", "trace"],
            new Dictionary<string, string>
            {
                ["AWS_ACCESS_KEY_ID"] = role.AccessKeyId,
                ["AWS_SECRET_ACCESS_KEY"] = role.SecretAccessKey,
                ["AWS_SESSION_TOKEN"] = role.SessionToken!,
                ["AWS_PROFILE"] = "other",
                ["GREETING"] = "hello",
            });

        Assert.Equal("plaintext: secret", await DecryptAsync(application));
        application.CloseInput();
        ProgramResult result = await application.WaitForExitAsync();

        Assert.Equal(42, result.ExitCode);
        Assert.Contains("environment: GREETING=hello\n", result.Output, StringComparison.Ordinal);
        Assert.Contains("environment: AWS_REGION=us-east-1\n", result.Output, StringComparison.Ordinal);
        Assert.Matches("environment: AWS_ENDPOINT_URL_KMS=http://127.0.0.1:[0-9]+\n", result.Output);
        Assert.Matches("environment: AWS_KMS_ENDPOINT=http://127.0.0.1:[0-9]+\n", result.Output);
        Assert.DoesNotContain("AWS_PROFILE", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("AWS_SESSION_TOKEN", result.Output, StringComparison.Ordinal);
        foreach (string secret in new[] { role.AccessKeyId, role.SecretAccessKey, role.SessionToken!, "c2VjcmV0" })
        {
            Assert.DoesNotContain(secret, result.Output + result.Error, StringComparison.Ordinal);
        }

        string local = result.Output.Split("AWS_SECRET_ACCESS_KEY=")[1].Split('\n')[0];
        Assert.DoesNotContain(local, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Application_decrypts_with_credentials_that_the_parent_pushes()
    {
        string daemon = "unix:" + _directory["daemon"];
        await using RunningProgram application = Start(["--credentials", "push", "--daemon", daemon]);
        await application.WaitForOutputAsync("ready");

        await using RunningProgram push = ProgramRunner.Start("kmstool-instance", ["credentials", "push", "--cid", daemon, "--watch"], new Dictionary<string, string>
        {
            ["AWS_EC2_METADATA_DISABLED"] = "false",
            ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = _simulator.Host.ImdsEndpoint.GetLeftPart(UriPartial.Authority),
        });
        await push.WaitForOutputAsync("ready");

        Assert.Equal("plaintext: secret", await DecryptAsync(application));
        push.Terminate();
        Assert.Equal(0, (await push.WaitForExitAsync()).ExitCode);
        application.CloseInput();
        Assert.Equal(42, (await application.WaitForExitAsync()).ExitCode);
    }

    // As Enclaver does: everything through one listener of the parent's proxy.
    [Fact]
    public async Task Application_decrypts_with_the_role_of_the_instance_by_the_proxy_in_mode_connect()
    {
        Uri kms = _simulator.Host.KmsEndpoint;
        Uri metadata = _simulator.Host.ImdsEndpoint;
        await File.WriteAllTextAsync(_directory["proxy.yaml"], $$"""
            allowlist:
            - {address: localhost, port: {{kms.Port}}}
            - {address: 127.0.0.1, port: {{metadata.Port}}}
            listeners:
            - {local_port: "unix:{{_directory["connect"]}}", mode: connect}
            """);
        await using RunningProgram proxy = ProgramRunner.Start("kmstool-instance", ["vsock-proxy", "--config", _directory["proxy.yaml"]]);
        await proxy.WaitForOutputAsync("ready");
        await File.WriteAllTextAsync(_directory["enclaver.yaml"], $$"""
            version: v1
            kms_proxy:
              listen_port: 9999
            egress:
              allow: [127.0.0.1]
            """);

        await using RunningProgram application = Start(
            [
                "--credentials", "imds", "--proxy-mode", "connect", "--config", _directory["enclaver.yaml"], "--kms-endpoint", $"localhost:{kms.Port}",
                "--egress-port", "0",
            ],
            new Dictionary<string, string> { ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadata.GetLeftPart(UriPartial.Authority) },
            proxy: "unix:" + _directory["connect"]);

        Assert.Equal("plaintext: secret", await DecryptAsync(application));
        application.CloseInput();
        ProgramResult result = await application.WaitForExitAsync();

        Assert.Equal(42, result.ExitCode);
        Assert.Matches("environment: https_proxy=http://127.0.0.1:[0-9]+\n", result.Output);
        Assert.Contains("environment: no_proxy=127.0.0.1,localhost,", result.Output, StringComparison.Ordinal);
        Assert.Contains("the section 'version' is not for this program", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kms_proxy_writes_what_an_application_needs_for_its_owner_only_and_takes_it_away()
    {
        AwsCredential role = _simulator.Host.Role!.CurrentCredential();
        string file = _directory["kms.env"];
        string elsewhere = _directory["elsewhere"];
        await File.WriteAllTextAsync(elsewhere, "kept");
        File.CreateSymbolicLink(file, elsewhere);
        var environment = new Dictionary<string, string>
        {
            ["AWS_ACCESS_KEY_ID"] = role.AccessKeyId,
            ["AWS_SECRET_ACCESS_KEY"] = role.SecretAccessKey,
            ["AWS_SESSION_TOKEN"] = role.SessionToken!,
            ["AWS_PROFILE"] = "other",
        };
        await using RunningProgram proxy = ProgramRunner.Start(
            "kmstool-enclave",
            [
                "kms-proxy", "--listen-port", "0", "--environment-file", file, "--region", "us-east-1", "--nsm", _simulator.Host.NsmAddress.ToString(),
                "--ca-bundle", _simulator.Host.Files.CaBundle, "--proxy", $"tcp:127.0.0.1:{_simulator.Host.KmsEndpoint.Port}", "--egress-port", "0",
            ],
            environment);
        Assert.Matches("^ready http://127.0.0.1:[0-9]+$", await proxy.WaitForOutputAsync("ready"));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal("kept", await File.ReadAllTextAsync(elsewhere));
        await using RunningProgram application = ProgramRunner.Start(
            "/bin/sh", ["-c", ". \"$0\"; exec \"$@\"", file, .. KmsApplication.Command], environment);
        Assert.Equal("plaintext: secret", await DecryptAsync(application));
        application.CloseInput();
        ProgramResult used = await application.WaitForExitAsync();
        Assert.Matches("environment: https_proxy=http://127.0.0.1:[0-9]+\n", used.Output);
        Assert.DoesNotContain(role.SecretAccessKey, used.Output, StringComparison.Ordinal);

        proxy.Terminate();
        Assert.Equal(0, (await proxy.WaitForExitAsync()).ExitCode);
        Assert.False(File.Exists(file));
    }

    [Fact]
    public async Task Signal_before_the_application_is_started_ends_the_start()
    {
        using var silent = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        silent.Bind(new UnixDomainSocketEndPoint(_directory["nsm"]));
        silent.Listen();
        await using RunningProgram program = ProgramRunner.Start(
            "kmstool-enclave", ["run", "--region", "us-east-1", "--nsm", "unix:" + _directory["nsm"], "--", .. KmsApplication.Command],
            new Dictionary<string, string> { ["AWS_ACCESS_KEY_ID"] = "AKID", ["AWS_SECRET_ACCESS_KEY"] = "secret" });
        using Socket asked = await silent.AcceptAsync();

        program.Terminate();
        ProgramResult result = await program.WaitForExitAsync();

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        Assert.Contains("Ended by a signal before the application was started", result.Error, StringComparison.Ordinal);
    }

    private RunningProgram Start(string[] options, Dictionary<string, string>? environment = null, string? proxy = null) => ProgramRunner.Start(
        "kmstool-enclave",
        [
            "run", "--kms-proxy-port", "0", "--region", "us-east-1", "--nsm", _simulator.Host.NsmAddress.ToString(), "--ca-bundle", _simulator.Host.Files.CaBundle,
            "--proxy", proxy ?? $"tcp:127.0.0.1:{_simulator.Host.KmsEndpoint.Port}", .. options, "--", .. KmsApplication.Command,
        ],
        environment);

    private async Task<string> DecryptAsync(RunningProgram application)
    {
        string key = _simulator.Host.CreateKey(KeyPolicies.ForImage(_simulator.Host, _simulator.Host.Pcrs.Read(0).Value));
        string ciphertext = Convert.ToBase64String(_simulator.Host.Encrypt(key, "secret"u8));
        await application.WaitForOutputAsync("ready");
        await application.Input.WriteAsync(Encoding.ASCII.GetBytes(ciphertext + "\n"));
        await application.Input.FlushAsync();
        Task<string> refused = application.WaitForOutputAsync("refused: ");
        Task<string> answer = await Task.WhenAny(application.WaitForOutputAsync("plaintext: "), refused);
        return await answer;
    }
}
