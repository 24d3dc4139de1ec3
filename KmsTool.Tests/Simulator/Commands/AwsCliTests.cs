using System.Text;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Simulator.Commands;

/// <summary>
/// The AWS CLI, where it is installed, as people use it: through env.sh. <c>--endpoint-url</c> is given because versions
/// before 2.13 and 1.29 do not read AWS_ENDPOINT_URL_KMS.
/// </summary>
public sealed class AwsCliTests : IAsyncLifetime
{
    private const string AsAdministrator = """. "$DIR/env.sh"; """;
    private const string AsInstance = AsAdministrator + "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; ";
    private const string Kms = """aws --endpoint-url "$AWS_ENDPOINT_URL_KMS" --output text kms """;
    private const string Sts = """aws --endpoint-url "$AWS_ENDPOINT_URL_STS" --output text sts """;

    private RunningSimulator _simulator = null!;

    public async Task InitializeAsync() => _simulator = await RunningSimulator.StartAsync();

    public async Task DisposeAsync() => await _simulator.DisposeAsync();

    [AwsCliFact]
    public async Task Cli_createsEncryptsAndDecrypts()
    {
        await File.WriteAllTextAsync(InFolder("plaintext"), "Hello, KMS!");

        string keyId = await PrintsAsync(AsAdministrator + Kms + "create-key --description 'from the CLI' --query KeyMetadata.KeyId");
        string blob = await PrintsAsync(
            $"""{AsAdministrator}{Kms}encrypt --key-id {keyId} --plaintext "fileb://$DIR/plaintext" --encryption-context a=b --query CiphertextBlob""");
        await File.WriteAllBytesAsync(InFolder("blob"), Convert.FromBase64String(blob));
        string plaintext = await PrintsAsync(
            $"""{AsAdministrator}{Kms}decrypt --ciphertext-blob "fileb://$DIR/blob" --encryption-context a=b --query Plaintext""");

        Assert.Equal("Hello, KMS!", Encoding.UTF8.GetString(Convert.FromBase64String(plaintext)));
        Assert.Equal(keyId, await PrintsAsync(AsAdministrator + Kms + "list-keys --query 'Keys[].KeyId'"));
        ProgramResult withoutContext = await RunAsync($"""{AsAdministrator}{Kms}decrypt --ciphertext-blob "fileb://$DIR/blob" """);
        Assert.Contains("(InvalidCiphertextException)", withoutContext.Error, StringComparison.Ordinal);
    }

    [AwsCliFact]
    public async Task Cli_onTheInstance_hasTheInstancesRole()
    {
        string identity = await PrintsAsync(AsInstance + Sts + "get-caller-identity --query Arn");
        ProgramResult keys = await RunAsync(AsInstance + Kms + "list-keys");

        Assert.Equal("arn:aws:sts::111122223333:assumed-role/kmstool-instance-role/i-0123456789abcdef0", identity);
        Assert.Contains("(AccessDeniedException)", keys.Error, StringComparison.Ordinal);
    }

    [AwsCliFact]
    public async Task Cli_assumesARole() => Assert.Equal(
        "arn:aws:sts::111122223333:assumed-role/app/cli",
        await PrintsAsync(
            AsAdministrator + Sts
            + "assume-role --role-arn arn:aws:iam::111122223333:role/app --role-session-name cli --query AssumedRoleUser.Arn"));

    private string InFolder(string name) => Path.Combine(_simulator.Host.Files.Directory, name);

    private async Task<string> PrintsAsync(string script)
    {
        ProgramResult result = await RunAsync(script);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output.TrimEnd('\n');
    }

    private Task<ProgramResult> RunAsync(string script) => ProgramRunner.RunAsync("/bin/sh", ["-euc", script], new Dictionary<string, string>
    {
        ["DIR"] = _simulator.Host.Files.Directory,
        ["PATH"] = Environment.GetEnvironmentVariable("PATH")!,
        ["AWS_EC2_METADATA_DISABLED"] = "false",
        // In seconds; the CLI waits one by itself, which a busy machine may exceed.
        ["AWS_METADATA_SERVICE_TIMEOUT"] = "30",
    });

    private sealed class AwsCliFactAttribute : FactAttribute
    {
        public AwsCliFactAttribute()
        {
            bool isInstalled = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "aws")));
            if (!isInstalled)
            {
                Skip = "the AWS CLI is not installed";
            }
        }
    }
}
