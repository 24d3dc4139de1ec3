using System.Globalization;
using System.Text;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.Batch;

/// <summary>Batches with several connections against enclaves that serve one at a time, or that are slow.</summary>
public class BatchConnectionsProgramTests
{
    /// <summary>What kmstool-enclave answers where it may not describe itself: an error with a code.</summary>
    private const string Coded = """{"Status":"Error","Message":"Could not describe: pinned","Code":"PinViolated"}""" + "\0";

    private static readonly Dictionary<string, string> Credentials = new()
    {
        ["AWS_ACCESS_KEY_ID"] = "AKIDEXAMPLE000000000",
        ["AWS_SECRET_ACCESS_KEY"] = "ThisIsTheSecretAccessKey",
    };

    private static readonly string[] Lines = [.. Enumerable.Range(1, 300).Select(i => string.Create(CultureInfo.InvariantCulture, $"line {i}"))];

    [Fact]
    public async Task Batch_against_the_AWS_sample_uses_one_connection_and_says_so()
    {
        await using var enclave = new SampleEnclave();

        ProgramResult result = await RunAsync(enclave, "--connections", "64");

        AssertDecrypted(result);
        string[] errors = result.Error.TrimEnd('\n').Split('\n');
        Assert.Equal(2, errors.Length);
        Assert.Contains("one connection", errors[0], StringComparison.Ordinal);
        Assert.StartsWith("300 decrypted, 0 failed in ", errors[1], StringComparison.Ordinal);
        // It leaves nothing behind for the sample to answer on a connection that has gone.
        Assert.All(enclave.Received, command => Assert.Equal(1, command.Connection));
        Assert.Equal(["Describe", "SetClient", "Decrypt"], enclave.Received.Select(command => command.Operation).Distinct());
    }

    [Fact]
    public async Task Batch_with_one_connection_asks_and_says_nothing()
    {
        await using var enclave = new SampleEnclave();

        ProgramResult result = await RunAsync(enclave, "--connections", "1");

        AssertDecrypted(result);
        Assert.StartsWith("300 decrypted", Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        Assert.Equal("SetClient", enclave.Received[0].Operation);
    }

    /// <summary>Its response cannot be that to Describe, so the batch starts anew on another connection.</summary>
    [Theory]
    [InlineData(FakeEnclave.OriginalOk)]
    [InlineData("garbage\0")]
    public async Task Batch_against_an_enclave_of_another_make_uses_one_connection(string response)
    {
        await using var enclave = new SampleEnclave(
            answer: (_, _, operation, _) => Task.FromResult(operation == "Describe" ? response : null));

        ProgramResult result = await RunAsync(enclave);

        AssertDecrypted(result);
        Assert.Contains("one connection", result.Error, StringComparison.Ordinal);
        Assert.Equal([(1, "Describe"), (2, "SetClient"), (2, "Decrypt")], enclave.Received.Distinct());
    }

    [Fact]
    public async Task Batch_against_an_enclave_that_serves_one_and_seems_to_serve_many_loses_nothing()
    {
        await using var enclave = new SampleEnclave(
            isSerial: true, (_, _, operation, _) => Task.FromResult(operation == "Describe" ? Coded : null));

        ProgramResult result = await RunAsync(enclave, "--connections", "4");

        AssertDecrypted(result);
        Assert.DoesNotContain(enclave.Received, command => command is { Connection: > 1, Operation: "Decrypt" });
    }

    /// <summary>The enclave that is slow on three connections has more than a second, and gets its share all the same.</summary>
    [Fact]
    public async Task Batch_against_a_slow_enclave_uses_every_connection()
    {
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var enclave = new SampleEnclave(isSerial: false, async (self, connection, operation, stop) =>
        {
            if (operation == "Describe")
            {
                return Coded;
            }

            if (operation == "SetClient" && connection > 1)
            {
                await Task.Delay(TimeSpan.FromSeconds(1.5), stop);
            }
            else if (self.Received.Where(command => command.Operation == "Decrypt").Select(command => command.Connection).Distinct().Count() == 4)
            {
                all.TrySetResult();
            }
            else if (self.Received.Count(command => command is { Connection: 1, Operation: "Decrypt" }) > 1)
            {
                // The first connection is held up until the others have lines, too.
                await all.Task.WaitAsync(stop);
            }

            return null;
        });

        ProgramResult result = await RunAsync(enclave, "--connections", "4");

        AssertDecrypted(result);
        Assert.StartsWith("300 decrypted", Assert.Single(result.Error.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);
        Assert.True(all.Task.IsCompletedSuccessfully);
    }

    [Fact]
    public async Task Batch_goes_on_over_the_first_connection_where_others_are_refused()
    {
        await using var enclave = new SampleEnclave(isSerial: false, (_, connection, operation, _) => Task.FromResult(operation switch
        {
            "Describe" => Coded,
            "SetClient" when connection > 1 => """{"Status":"Error","Message":"Could not create new client","Code":"KmsTimeout"}""" + "\0",
            _ => null,
        }));

        ProgramResult result = await RunAsync(enclave, "--connections", "4");

        AssertDecrypted(result);
        Assert.DoesNotContain(enclave.Received, command => command is { Connection: > 1, Operation: "Decrypt" });
    }

    private static void AssertDecrypted(ProgramResult result)
    {
        Assert.Equal(Lines, result.Output[..^1].Split('\n'));
        Assert.Equal(0, result.ExitCode);
    }

    private static Task<ProgramResult> RunAsync(SampleEnclave enclave, params string[] arguments) => ProgramRunner.RunAsync(
        "kmstool-instance",
        ["--cid", enclave.Address.ToString(), "--batch", "-", .. arguments],
        Credentials,
        Encoding.ASCII.GetBytes(string.Concat(Lines.Select(line => Convert.ToBase64String(Encoding.ASCII.GetBytes(line)) + "\n"))));
}
