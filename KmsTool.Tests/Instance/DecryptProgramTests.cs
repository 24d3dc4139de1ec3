using KmsTool.CommandLine;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>kmstool-instance as a user runs it, against an enclave that answers what the test writes.</summary>
public class DecryptProgramTests
{
    private const string AccessKeyId = "AKIDEXAMPLE000000000";
    private const string SecretAccessKey = "ThisIsTheSecretAccessKey";
    private const string SessionToken = "ThisIsTheSessionToken";

    private static readonly Dictionary<string, string> Credentials = new()
    {
        ["AWS_ACCESS_KEY_ID"] = AccessKeyId,
        ["AWS_SECRET_ACCESS_KEY"] = SecretAccessKey,
        ["AWS_SESSION_TOKEN"] = SessionToken,
    };

    [Theory]
    [InlineData("text", "hello from KMS\n")]
    [InlineData("base64", "aGVsbG8gZnJvbSBLTVM=\n")]
    [InlineData("json", "{\"Plaintext\":\"aGVsbG8gZnJvbSBLTVM=\"}\n")]
    [InlineData("raw", "hello from KMS")]
    public async Task Decrypt_prints_the_plaintext_and_nothing_else(string output, string expected)
    {
        await using FakeEnclave enclave = StartOriginal();

        ProgramResult result = await RunAsync(enclave, "AAAA", "--output", output);

        Assert.Equal("", result.Error);
        Assert.Equal(expected, result.Output);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public async Task Decrypt_ciphertext_comes_from_stdin()
    {
        await using FakeEnclave enclave = StartOriginal();

        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["-c", enclave.Address.ToString(), "-"], Credentials, "AQID\r\n"u8.ToArray());

        Assert.Equal("hello from KMS\n", result.Output);
        Assert.Contains("\"AQID\"", enclave.Received[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_ciphertext_comes_raw_from_stdin()
    {
        await using FakeEnclave enclave = StartOriginal();

        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["-c", enclave.Address.ToString(), "-", "--file-format", "raw"], Credentials, new byte[] { 1, 2, 3 });

        Assert.Equal("hello from KMS\n", result.Output);
        Assert.Contains("\"AQID\"", enclave.Received[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_ciphertext_comes_from_a_file()
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["c"], "AQID\n");
        await using FakeEnclave enclave = StartOriginal();

        ProgramResult result = await RunAsync(enclave, "--file", directory["c"]);

        Assert.Equal("hello from KMS\n", result.Output);
        Assert.Contains("\"AQID\"", enclave.Received[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_started_under_the_original_name_works()
    {
        using var directory = new TempDirectory();
        File.CreateSymbolicLink(directory["kmstool_instance"], Path.Combine(AppContext.BaseDirectory, "kmstool-instance"));
        await using FakeEnclave enclave = StartOriginal();

        ProgramResult result = await ProgramRunner.RunAsync(
            directory["kmstool_instance"], ["--cid", enclave.Address.ToString(), "--region", "us-east-1", "AAAA"], Credentials);

        Assert.Equal("hello from KMS\n", result.Output);
        Assert.Contains("us-east-1", enclave.Received[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_no_secret_shows_at_log_level_trace()
    {
        await using FakeEnclave good = StartOriginal();
        await using var bad = FakeEnclave.Start(FakeEnclave.OriginalOk, "{\"Status\":\"Ok\",\"Message\":\"aGVsbG8gZnJvbSBLTVM=\" oops}\0");

        ProgramResult succeeded = await RunAsync(good, "AAAA", "--log-level", "trace", "--output", "raw");
        ProgramResult failed = await RunAsync(bad, "AAAA", "--log-level", "trace");

        Assert.Equal("hello from KMS", succeeded.Output);
        Assert.Contains("Decrypt sent", succeeded.Error, StringComparison.Ordinal);
        Assert.Equal((int)ExitCode.ProtocolBroken, failed.ExitCode);
        foreach (string shown in new[] { succeeded.Error, failed.Error, failed.Output })
        {
            Assert.DoesNotContain(AccessKeyId, shown, StringComparison.Ordinal);
            Assert.DoesNotContain(SecretAccessKey, shown, StringComparison.Ordinal);
            Assert.DoesNotContain(SessionToken, shown, StringComparison.Ordinal);
            Assert.DoesNotContain("hello from KMS", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("aGVsbG8", shown, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Decrypt_refusal_by_the_enclave_ends_with_1_and_its_reason()
    {
        await using var enclave = FakeEnclave.Start(
            FakeEnclave.OriginalOk,
            "{\"Status\":\"Error\",\"Message\":\"Could not decrypt ciphertext: AccessDeniedException: no\",\"Code\":\"AccessDeniedException\"}\0");

        ProgramResult result = await RunAsync(enclave, "AAAA");

        AssertFailed(result, ExitCode.OperationFailed, "with an error: Could not decrypt ciphertext: AccessDeniedException: no. Compare the key policy");
    }

    [Fact]
    public async Task Decrypt_original_without_vsock_proxy_ends_with_1_and_what_to_do()
    {
        await using var enclave = FakeEnclave.Start("{ \"Status\": \"Error\", \"Message\": \"Could not create new client\" }\0");

        ProgramResult result = await RunAsync(enclave, "AAAA");

        AssertFailed(result, ExitCode.OperationFailed, "Could not create new client");
        Assert.Contains("vsock-proxy", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_escape_sequences_of_an_enclave_do_not_reach_the_terminal()
    {
        await using var enclave = FakeEnclave.Start(
            "{\"Status\":\"Error\",\"Message\":\"\\u001b]0;title\\u0007\\nsecond line\\u009b2J\",\"Code\":\"\\u001b[31m\"}\0");

        ProgramResult result = await RunAsync(enclave, "AAAA", "--log-level", "trace");

        Assert.Equal((int)ExitCode.OperationFailed, result.ExitCode);
        Assert.DoesNotContain(result.Error, c => char.IsControl(c) && c != '\n');
        Assert.Contains("\\u001B]0;title\\u0007\\u000Asecond line\\u009B2J (\\u001B[31m)", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_stdout_that_cannot_be_written_ends_with_1()
    {
        await using FakeEnclave enclave = StartOriginal();

        ProgramResult result = await ProgramRunner.RunAsync(
            "/bin/sh",
            ["-c", "exec \"$0\" \"$@\" >/dev/full", Path.Combine(AppContext.BaseDirectory, "kmstool-instance"), "-c", enclave.Address.ToString(), "AAAA"],
            Credentials);

        AssertFailed(result, ExitCode.OperationFailed, "could not be written to stdout");
    }

    [Fact]
    public async Task Decrypt_plaintext_that_is_no_text_ends_with_1_and_the_option_to_use()
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, "{\"Status\":\"Ok\",\"Message\":\"G1sySg==\"}\0");

        ProgramResult result = await RunAsync(enclave, "AAAA");

        AssertFailed(result, ExitCode.OperationFailed, "--output base64");
    }

    [Theory]
    [InlineData("AAA", "not base64")]
    [InlineData("", "empty")]
    public async Task Decrypt_wrong_ciphertext_ends_with_2_before_anything_is_sent(string ciphertext, string named)
    {
        await using FakeEnclave enclave = StartOriginal();

        ProgramResult result = await RunAsync(enclave, ciphertext);

        AssertFailed(result, ExitCode.WrongUsage, named);
        Assert.Empty(enclave.Received);
    }

    [Theory]
    [InlineData("AAAA", "--cid")]
    [InlineData("--cid unix:/e", "No ciphertext")]
    [InlineData("--cid unix:/e AAAA --output yaml", "yaml")]
    [InlineData("--cid unix:/e AAAA -e x", "NAME=VALUE")]
    [InlineData("vsock-proxy unix:/nonexistent/p.sock host", "vsock-proxy")]
    [InlineData("vsock-proxy 4294967295 host 443", "not a vsock port")]
    [InlineData("vsock-proxy unix:/nonexistent/p.sock host 0", "not a TCP port")]
    [InlineData("vsock-proxy unix:/nonexistent/p.sock https://host/ 443", "neither a host name nor an IP address")]
    [InlineData("vsock-proxy tcp:host 10.0.0.1 443", "is not an address")]
    public async Task Wrong_usage_ends_with_2_and_points_to_the_help(string line, string named)
    {
        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", line.Split(' '), Credentials);

        AssertFailed(result, ExitCode.WrongUsage, named);
        Assert.Contains("--help", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_nobody_listening_ends_with_4()
    {
        using var directory = new TempDirectory();

        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["--cid", "unix:" + directory["missing"], "AAAA"], Credentials);

        AssertFailed(result, ExitCode.CouldNotConnect, directory["missing"]);
    }

    [Theory]
    [InlineData("{ \"Status\": \"Ok\" ")]
    [InlineData("garbage\0")]
    public async Task Decrypt_peer_that_breaks_the_protocol_ends_with_5(string answer)
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            await self.ReadMessageAsync(stream);
            await self.WriteAsync(stream, answer);
        });

        ProgramResult result = await RunAsync(enclave, "AAAA");

        AssertFailed(result, ExitCode.ProtocolBroken, enclave.Address.ToString());
    }

    [Fact]
    public async Task Decrypt_silent_enclave_ends_with_5_at_the_timeout()
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            while (await self.ReadMessageAsync(stream) is not null)
            {
            }
        });

        ProgramResult result = await RunAsync(enclave, "AAAA", "--timeout", "0.2");

        AssertFailed(result, ExitCode.ProtocolBroken, "--timeout");
    }

    [Fact]
    public async Task Decrypt_interrupted_while_waiting_ends_with_1_and_one_line()
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            while (await self.ReadMessageAsync(stream) is not null)
            {
            }
        });
        await using RunningProgram program = ProgramRunner.Start(
            "kmstool-instance", ["--cid", enclave.Address.ToString(), "AAAA", "--log-level", "debug"], Credentials);
        await program.WaitForErrorAsync("SetClient sent");

        program.Terminate();
        ProgramResult result = await program.WaitForExitAsync();

        Assert.Equal(ExitCode.OperationFailed, (ExitCode)result.ExitCode);
        Assert.EndsWith("\nInterrupted.\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decrypt_interrupted_while_waiting_for_stdin_ends_with_1_and_one_line()
    {
        await using RunningProgram program = ProgramRunner.Start(
            "kmstool-instance", ["--cid", "unix:/nonexistent", "-", "--log-level", "debug"], Credentials);
        await program.WaitForErrorAsync("reading the ciphertext");

        program.Terminate();
        ProgramResult result = await program.WaitForExitAsync();

        Assert.Equal(ExitCode.OperationFailed, (ExitCode)result.ExitCode);
        Assert.EndsWith("\nInterrupted.\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Version_is_printed_on_stdout()
    {
        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["--version"]);

        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", result.Output);
    }

    private static FakeEnclave StartOriginal() =>
        FakeEnclave.Start(FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext + FakeEnclave.OriginalDuplicate);

    private static Task<ProgramResult> RunAsync(FakeEnclave enclave, params string[] arguments) => ProgramRunner.RunAsync(
        "kmstool-instance", ["--cid", enclave.Address.ToString(), .. arguments], Credentials);

    private static void AssertFailed(ProgramResult result, ExitCode exitCode, string named)
    {
        Assert.Equal(exitCode, (ExitCode)result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.EndsWith("\n", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error[..^1].Split('\n'));
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
    }
}
