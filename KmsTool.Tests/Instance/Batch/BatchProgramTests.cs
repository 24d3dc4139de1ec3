using System.Globalization;
using System.Text;
using System.Text.Json;
using KmsTool.CommandLine;
using KmsTool.Enclave.Daemon;
using KmsTool.Simulator.Faults;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.Batch;

/// <summary>kmstool-instance --batch as a user runs it, against a real enclave daemon and a simulated KMS.</summary>
public class BatchProgramTests(BatchRuns runs) : IClassFixture<BatchRuns>
{
    [Theory]
    [InlineData("1")]
    [InlineData("4")]
    public async Task Batch_of_many_lines_comes_back_in_order(string connections)
    {
        // More than twice the lines that four connections have on their way at once.
        string[] plaintexts = [.. Enumerable.Range(1, 600).Select(i => string.Create(CultureInfo.InvariantCulture, $"plaintext {i}"))];

        ProgramResult result = await runs.RunAsync(Lines(plaintexts.Select(runs.Encrypt)), "--connections", connections);

        Assert.Equal(plaintexts, result.Output[..^1].Split('\n'));
        Assert.Matches(@"^600 decrypted, 0 failed in \d+\.\d s \(\d+/s\)\n$", result.Error);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public async Task Batch_that_goes_on_puts_each_failure_where_it_belongs()
    {
        byte[] foreign = Convert.FromBase64String(runs.Encrypt("x"));
        foreign[^1] ^= 1;
        string tampered = Convert.ToBase64String(foreign);
        string input = Lines([runs.Encrypt("one"), tampered, "", "&", runs.Encrypt("five"), Convert.ToBase64String(new byte[6145]), runs.Encrypt("seven")]);

        ProgramResult json = await runs.RunAsync(input, "--continue-on-error", "--output", "json");
        ProgramResult text = await runs.RunAsync(input, "--continue-on-error");

        JsonElement[] results = [.. json.Output[..^1].Split('\n').Select(line => JsonElement.Parse(line))];
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], results.Select(result => result.GetProperty("Index").GetInt32()));
        Assert.Equal("""{"Index":1,"Plaintext":"b25l"}""", results[0].GetRawText());
        Assert.Equal("InvalidCiphertextException", results[1].GetProperty("Code").GetString());
        Assert.Contains("blank", results[2].GetProperty("Error").GetString(), StringComparison.Ordinal);
        Assert.Equal("InvalidParameter", results[3].GetProperty("Code").GetString());
        Assert.Equal("five"u8, results[4].GetProperty("Plaintext").GetBytesFromBase64());
        Assert.Contains("6144", results[5].GetProperty("Error").GetString(), StringComparison.Ordinal);
        Assert.Equal("seven"u8, results[6].GetProperty("Plaintext").GetBytesFromBase64());
        Assert.StartsWith("3 decrypted, 4 failed in ", json.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.OperationFailed, (ExitCode)json.ExitCode);

        Assert.Equal("one\n\n\n\nfive\n\nseven\n", text.Output);
        string[] errors = text.Error.Split('\n');
        Assert.StartsWith("line 2: The enclave at ", errors[0], StringComparison.Ordinal);
        Assert.Equal("line 3: the line is blank", errors[1]);
        Assert.StartsWith("line 4: the line is not base64", errors[2], StringComparison.Ordinal);
        Assert.StartsWith("line 6: ", errors[3], StringComparison.Ordinal);
        Assert.StartsWith("3 decrypted, 4 failed in ", errors[4], StringComparison.Ordinal);
        Assert.Equal(ExitCode.OperationFailed, (ExitCode)text.ExitCode);
    }

    [Theory]
    [InlineData("&", "line 3: the line is not base64")]
    [InlineData("AAAA", "line 3: The enclave at ")]
    public async Task Batch_stops_at_the_first_failure_and_prints_what_was_before(string wrong, string named)
    {
        string good = runs.Encrypt("good");

        ProgramResult result = await runs.RunAsync(Lines([good, good, wrong, .. Enumerable.Repeat(good, 500)]));

        Assert.Equal("good\ngood\n\n", result.Output);
        Assert.StartsWith(named, result.Error, StringComparison.Ordinal);
        Assert.Matches(@"\n2 decrypted, 1 failed in .*; stopped at line 3, which failed \(--continue-on-error goes on\)\n$", result.Error);
        Assert.Equal(ExitCode.OperationFailed, (ExitCode)result.ExitCode);
    }

    [Fact]
    public async Task Batch_of_no_lines_succeeds()
    {
        ProgramResult result = await runs.RunAsync("");

        Assert.Equal("", result.Output);
        Assert.StartsWith("0 decrypted, 0 failed in ", result.Error, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public async Task Batch_comes_from_a_file_with_the_options_of_decrypt_for_each_line()
    {
        using var directory = new TempDirectory();
        var context = new Dictionary<string, string> { ["Purpose"] = "test" };
        await File.WriteAllTextAsync(directory["c"], "\uFEFF" + runs.Enclave.Encrypt("a"u8, context) + "\r\n" + runs.Enclave.Encrypt("b"u8, context));

        ProgramResult result = await runs.RunAsync("", "--batch", directory["c"], "-e", "Purpose=test", "--output", "base64");

        Assert.Equal("YQ==\nYg==\n", result.Output);
        Assert.Equal(0, result.ExitCode);
    }

    [Fact]
    public async Task Batch_results_come_while_the_input_goes_on_and_an_expired_token_is_renewed()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using RunningProgram program = BatchRuns.Start(enclave, "--log-level", "debug");

        await program.Input.WriteAsync(Encoding.UTF8.GetBytes(enclave.Encrypt("before"u8) + "\n"));
        await program.Input.FlushAsync();
        await program.WaitForOutputAsync("before");
        enclave.Simulator.Host.Faults[SimulatorFault.KmsExpiredTokenOnce] = true;
        await program.Input.WriteAsync(Encoding.UTF8.GetBytes(enclave.Encrypt("after"u8) + "\n"));
        await program.Input.FlushAsync();
        await program.WaitForOutputAsync("after");
        program.CloseInput();
        ProgramResult result = await program.WaitForExitAsync();

        Assert.Equal(0, result.ExitCode);
        Assert.False(enclave.Simulator.Host.Faults[SimulatorFault.KmsExpiredTokenOnce]);
        Assert.Contains("credentials asked for anew", result.Error, StringComparison.Ordinal);
        Assert.Contains("2 decrypted, 0 failed", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Batch_interrupted_ends_with_1_and_the_summary()
    {
        await using RunningProgram program = BatchRuns.Start(runs.Enclave);
        await program.Input.WriteAsync(Encoding.UTF8.GetBytes(runs.Encrypt("first") + "\n"));
        await program.Input.FlushAsync();
        await program.WaitForOutputAsync("first");

        program.Interrupt();
        ProgramResult result = await program.WaitForExitAsync();

        Assert.Equal(ExitCode.OperationFailed, (ExitCode)result.ExitCode);
        Assert.Matches(@"^1 decrypted, 0 failed in .*\nInterrupted.\n$", result.Error);
    }

    [Fact]
    public async Task Batch_whose_results_nobody_reads_any_more_ends()
    {
        string ciphertext = runs.Encrypt("read");
        // The input has no end: without its output's end the program would not come to its own.
        ProgramResult result = await ProgramRunner.RunAsync(
            "/bin/sh",
            ["-c", "while echo \"$CIPHERTEXT\"; do :; done 2>/dev/null | { \"$0\" \"$@\"; echo \"exit code $?\" >&2; } | head -n 1", Path.Combine(AppContext.BaseDirectory, "kmstool-instance"), .. BatchRuns.Arguments(runs.Enclave)],
            new Dictionary<string, string>(BatchRuns.EnvironmentOf(runs.Enclave)) { ["CIPHERTEXT"] = ciphertext, ["PATH"] = "/usr/bin:/bin" });

        Assert.Equal("read\n", result.Output);
        Assert.Contains("no one reads it any more", result.Error, StringComparison.Ordinal);
        Assert.EndsWith("exit code 1\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Batch_of_an_enclave_that_withholds_plaintexts_tells_their_digest()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with { Disclosure = SecretDisclosure.Sha256 });
        string input = Lines([enclave.Encrypt("abc"u8)]);

        ProgramResult json = await BatchRuns.RunAsync(enclave, input, "--output", "json");
        ProgramResult text = await BatchRuns.RunAsync(enclave, input);

        // SHA-256 of "abc" (FIPS 180-2, appendix B.1).
        Assert.Equal("{\"Index\":1,\"Sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\",\"Withheld\":true}\n", json.Output);
        Assert.Equal(0, json.ExitCode);
        Assert.Equal("\n", text.Output);
        Assert.Contains("--output json", text.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.OperationFailed, (ExitCode)text.ExitCode);
    }

    [Fact]
    public async Task Batch_at_log_level_trace_shows_no_secret_and_no_progress_on_a_pipe()
    {
        string[] plaintexts = ["SECRETONE", "SECRETTWO", "SECRET\nTHREE"];

        ProgramResult result = await runs.RunAsync(
            Lines(plaintexts.Select(runs.Encrypt)), "--log-level", "trace", "--continue-on-error");

        Assert.Equal("SECRETONE\nSECRETTWO\n\n", result.Output);
        Assert.Contains("Decrypt sent", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("U0VDUkVU", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(runs.Enclave.Simulator.Host.Role!.CurrentCredential().SecretAccessKey, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Error, c => char.IsControl(c) && c != '\n');
        Assert.DoesNotContain('%', result.Error);
    }

    private static string Lines(IEnumerable<string> ciphertexts) => string.Concat(ciphertexts.Select(ciphertext => ciphertext + "\n"));
}
