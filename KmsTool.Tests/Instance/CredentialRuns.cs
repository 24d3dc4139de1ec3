using System.Text.Json;
using KmsTool.CommandLine;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>Runs of kmstool-instance in which only the credentials matter.</summary>
internal static class CredentialRuns
{
    public static Dictionary<string, string> Use(string metadataEndpoint) => new()
    {
        ["AWS_EC2_METADATA_DISABLED"] = "false",
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadataEndpoint,
    };

    public static void AssertNoCredentials(ProgramResult result, string named)
    {
        string error = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last();
        Assert.Equal((int)ExitCode.NoCredentials, result.ExitCode);
        Assert.StartsWith("kmstool-instance: Could not get credentials", error, StringComparison.Ordinal);
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRETSECRET", result.Error, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    public static async Task<JsonElement> SetClientOfAsync(Dictionary<string, string> environment, params string[] options)
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext);
        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["--cid", enclave.Address.ToString(), "AAAA", .. options], environment);

        Assert.True(result.ExitCode == 0, result.Error);
        return JsonElement.Parse(enclave.Received[0]);
    }

    // The address is never reached: without credentials nothing is connected to.
    public static Task<ProgramResult> RunAsync(Dictionary<string, string> environment, params string[] options) =>
        ProgramRunner.RunAsync(
            "kmstool-instance", ["--cid", "unix:/nonexistent", "AAAA", "--log-level", "trace", .. options], environment);
}
