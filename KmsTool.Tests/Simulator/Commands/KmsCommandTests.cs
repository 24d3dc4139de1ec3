using KmsTool.Tests.Support;

namespace KmsTool.Tests.Simulator.Commands;

public sealed class KmsCommandTests
{
    // base64 of: Hello, KMS!
    private const string Plaintext = "SGVsbG8sIEtNUyE=";

    [Fact]
    public async Task Kms_withTheAdministratorsKeys_createsEncryptsAndDecrypts()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        Dictionary<string, string> environment = Exports(simulator, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");

        string key = await CallAsync(environment, "CreateKey", "Description=a = b", "--query", "KeyMetadata.Arn");
        string description = await CallAsync(environment, "DescribeKey", $"KeyId={key}", "--query", "KeyMetadata.Description");
        string ciphertext = await CallAsync(
            environment, "Encrypt", $"KeyId={key}", $"Plaintext={Plaintext}", """EncryptionContext:={"Purpose":"test"}""", "--query", "CiphertextBlob");
        string answer = await CallAsync(
            environment, "Decrypt", $"CiphertextBlob={ciphertext}", """EncryptionContext:={"Purpose":"test"}""");

        Assert.Equal("a = b", description);
        Assert.StartsWith("{\n", answer, StringComparison.Ordinal);
        Assert.Contains($"\"Plaintext\": \"{Plaintext}\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kms_withoutKeys_callsAsTheInstancesRole()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        string policy = simulator.Host.Files.Directory + "/policy.json";
        await File.WriteAllTextAsync(policy, KeyPolicies.ForImage(simulator.Host, simulator.Host.Pcrs.Read(0).Value));
        string key = await CallAsync(
            Exports(simulator, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "CreateKey", $"Policy=@{policy}", "--query", "KeyMetadata.Arn");
        string ciphertext = Convert.ToBase64String(simulator.Host.Encrypt(key, "Hello, KMS!"u8));

        ProgramResult result = await RunAsync(Exports(simulator), "Decrypt", $"CiphertextBlob={ciphertext}");

        Assert.Equal(1, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Contains("AccessDeniedException", result.Error, StringComparison.Ordinal);
        Assert.Contains($"assumed-role/{simulator.Host.Role!.Name}/", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "", "DescribeKey", "KeyId=missing")]
    [InlineData(1, "", "NoSuchOperation")]
    [InlineData(1, "", "ListKeys", "--query", "Keys.Missing")]
    [InlineData(2, "", "List Keys")]
    [InlineData(2, "", "ListKeys", "Limit")]
    [InlineData(2, "", "ListKeys", "=1")]
    [InlineData(2, "", "ListKeys", ":=1")]
    [InlineData(2, "", "ListKeys", "Limit:=one")]
    [InlineData(2, "", "CreateKey", "Policy=@/nonexistent/policy.json")]
    [InlineData(2, "AWS_ENDPOINT_URL_KMS=127.0.0.1", "ListKeys")]
    [InlineData(2, "AWS_ENDPOINT_URL_KMS=", "ListKeys")]
    [InlineData(2, "AWS_REGION=", "ListKeys")]
    [InlineData(2, "AWS_SECRET_ACCESS_KEY=", "ListKeys")]
    [InlineData(2, "AWS_CA_BUNDLE=/nonexistent/ca.pem", "ListKeys")]
    [InlineData(3, "AWS_ACCESS_KEY_ID=", "ListKeys")]
    [InlineData(4, "AWS_ENDPOINT_URL_KMS=https://localhost:1", "ListKeys")]
    [InlineData(4, "AWS_CA_BUNDLE=NSM_ROOT", "ListKeys")]
    public async Task Kms_whatCannotBeDone_isExplainedInOneLine(int exitCode, string variable, params string[] arguments)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync(options => options with { RoleName = null });
        Dictionary<string, string> environment = Exports(simulator, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");
        if (variable.Split('=', 2) is [string name, string value])
        {
            environment[name] = value.Replace("NSM_ROOT", simulator.Host.Files.NsmRoot, StringComparison.Ordinal);
        }

        ProgramResult result = await RunAsync(environment, arguments);

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.StartsWith("kmstool-simulator: ", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain(simulator.Host.Administrator.SecretAccessKey, result.Error, StringComparison.Ordinal);
    }

    /// <summary>What env.sh exports, of the keys only those named.</summary>
    private static Dictionary<string, string> Exports(RunningSimulator simulator, params string[] keys) => simulator.Host.Environment
        .Where(variable => !variable.Key.Contains("ACCESS_KEY", StringComparison.Ordinal) || keys.Contains(variable.Key))
        .ToDictionary(variable => variable.Key, variable => variable.Value);

    private static async Task<string> CallAsync(Dictionary<string, string> environment, params string[] arguments)
    {
        ProgramResult result = await RunAsync(environment, arguments);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal("", result.Error);
        return result.Output.TrimEnd('\n');
    }

    private static Task<ProgramResult> RunAsync(Dictionary<string, string> environment, params string[] arguments) =>
        ProgramRunner.RunAsync("kmstool-simulator", ["kms", .. arguments], environment);
}
