using KmsTool.CommandLine;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.Batch;

/// <summary>Batches that cannot be brought to their end, against an enclave that answers what the test writes.</summary>
public class BatchFailureProgramTests
{
    private static readonly Dictionary<string, string> Credentials = new()
    {
        ["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE000000000",
        ["AWS_SECRET_ACCESS_KEY"] = "ThisIsTheSecretAccessKey",
    };

    [Theory]
    [InlineData("")]
    [InlineData("garbage\0")]
    public async Task Batch_on_a_connection_that_breaks_ends_with_5_after_what_was_answered(string last)
    {
        await using var enclave = FakeEnclave.Start(async (self, stream) =>
        {
            await self.ReadMessageAsync(stream);
            await self.WriteAsync(stream, FakeEnclave.OriginalOk);
            for (int i = 0; i < 3; i++)
            {
                await self.ReadMessageAsync(stream);
                await self.WriteAsync(stream, FakeEnclave.OriginalPlaintext + FakeEnclave.OriginalDuplicate);
            }

            await self.ReadMessageAsync(stream);
            await self.WriteAsync(stream, last);
        });

        ProgramResult result = await RunAsync(enclave.Address.ToString(), Enumerable.Repeat("AAAA\n", 100), "--continue-on-error");

        Assert.Equal("hello from KMS\nhello from KMS\nhello from KMS\n", result.Output);
        string[] errors = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("3 decrypted, 0 failed in ", errors[0], StringComparison.Ordinal);
        Assert.StartsWith("kmstool-instance: The enclave at ", errors[1], StringComparison.Ordinal);
        Assert.Equal(2, errors.Length);
        Assert.Equal(ExitCode.ProtocolBroken, (ExitCode)result.ExitCode);
    }

    [Fact]
    public async Task Batch_whose_credentials_the_enclave_refuses_ends_at_once()
    {
        await using var enclave = FakeEnclave.Start("{ \"Status\": \"Error\", \"Message\": \"Could not create new client\" }\0");

        ProgramResult result = await RunAsync(enclave.Address.ToString(), Enumerable.Repeat("AAAA\n", 100), "--continue-on-error");

        Assert.Equal("", result.Output);
        Assert.StartsWith("0 decrypted, 0 failed in ", result.Error, StringComparison.Ordinal);
        Assert.Contains("answered SetClient with an error", result.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCode.OperationFailed, (ExitCode)result.ExitCode);
        Assert.Single(enclave.Received);
    }

    [Fact]
    public async Task Batch_with_nobody_listening_ends_with_4()
    {
        using var directory = new TempDirectory();

        ProgramResult result = await RunAsync("unix:" + directory["missing"], ["AAAA\n"]);

        AssertFailed(result, ExitCode.CouldNotConnect, directory["missing"]);
    }

    [Fact]
    public async Task Batch_from_a_file_that_is_not_there_ends_with_2()
    {
        using var directory = new TempDirectory();

        ProgramResult result = await RunAsync("unix:/nonexistent", [], "--batch", directory["missing"]);

        AssertFailed(result, ExitCode.WrongUsage, directory["missing"]);
    }

    [Fact]
    public async Task Batch_whose_results_cannot_be_written_ends_with_1()
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext);

        ProgramResult result = await ProgramRunner.RunAsync(
            "/bin/sh",
            ["-c", "exec \"$0\" \"$@\" >/dev/full", Path.Combine(AppContext.BaseDirectory, "kmstool-instance"), .. Arguments(enclave.Address.ToString())],
            Credentials,
            "AAAA\n"u8.ToArray());

        Assert.Equal(ExitCode.OperationFailed, (ExitCode)result.ExitCode);
        Assert.Contains("could not be written to stdout", result.Error, StringComparison.Ordinal);
    }

    private static Task<ProgramResult> RunAsync(string address, IEnumerable<string> lines, params string[] arguments) => ProgramRunner.RunAsync(
        "kmstool-instance", Arguments(address, arguments), Credentials, System.Text.Encoding.ASCII.GetBytes(string.Concat(lines)));

    private static string[] Arguments(string address, params string[] arguments) =>
        ["--cid", address, "--connections", "1", .. arguments.Contains("--batch") ? [] : (string[])["--batch", "-"], .. arguments];

    private static void AssertFailed(ProgramResult result, ExitCode exitCode, string named)
    {
        Assert.Equal(exitCode, (ExitCode)result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Single(result.Error[..^1].Split('\n'));
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
    }
}
