using System.Globalization;
using System.Text.Json;
using KmsTool.CommandLine;
using KmsTool.Simulator.Hosting;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary><c>kmstool-instance credentials</c> as a user runs it, against the simulator's STS and metadata service.</summary>
public class CredentialsCommandProgramTests
{
    [Fact]
    public async Task Credentials_of_the_instance_role_tell_its_name_and_their_expiry()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        ProgramResult result = await RunAsync(InstanceOf(simulator));

        AwsCredential role = simulator.Host.Role!.CurrentCredential();
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
        string[] lines = result.Output.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal($"From:        the role '{SimulatorOptions.DefaultRoleName}' of this instance (IMDSv2)", lines[0]);
        Assert.Equal($"Access key:  …{role.AccessKeyId[^4..]}", lines[1]);
        Assert.StartsWith($"Expire:      {Iso8601(role.Expiration!.Value)}, in 5 h ", lines[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_of_the_environment_do_not_expire()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        ProgramResult result = await RunAsync(AdministratorOf(simulator));

        Assert.Equal("", result.Error);
        Assert.StartsWith("From:        the environment variables AWS_ACCESS_KEY_ID", result.Output, StringComparison.Ordinal);
        Assert.EndsWith("Expire:      they do not expire\n", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(900)]
    [InlineData(43200)]
    public async Task Role_assumed_by_a_user_lives_as_long_as_asked(int seconds)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        ProgramResult result = await RunAsync(
            AdministratorOf(simulator), "--role-arn", RoleOf(simulator), "--external-id", "a:/b", "--session-name", "test@host",
            "--duration", $"{seconds}", "--output", "json");

        Assert.Equal("", result.Error);
        var report = JsonElement.Parse(result.Output);
        Assert.Equal($"the role {RoleOf(simulator)}, assumed with the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", report.GetProperty("Origin").GetString());
        Assert.True(report.GetProperty("Temporary").GetBoolean());
        Assert.InRange(report.GetProperty("SecondsLeft").GetInt64(), seconds - 120, seconds);
    }

    [Fact]
    public async Task Role_is_assumed_with_a_profile_which_beats_the_environment()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        Dictionary<string, string> environment = AdministratorOf(simulator);
        environment["AWS_PROFILE"] = "missing";
        environment["AWS_CONFIG_FILE"] = await WriteProfilesAsync(simulator);

        ProgramResult result = await RunAsync(environment, "--profile", "first", "--role-arn", RoleOf(simulator));

        Assert.Equal("", result.Error);
        Assert.StartsWith($"From:        the role {RoleOf(simulator)}, assumed with the profile 'first'\n", result.Output, StringComparison.Ordinal);
        Assert.Matches("in (1 h 0 min|59 min)", result.Output);
    }

    [Fact]
    public async Task Role_of_a_profile_is_assumed_over_TLS_of_the_private_authority()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        Dictionary<string, string> environment = InstanceOf(simulator);
        environment["AWS_CONFIG_FILE"] = await WriteProfilesAsync(simulator);

        ProgramResult result = await RunAsync(environment, "--profile", "role");

        Assert.Equal("", result.Error);
        Assert.StartsWith("From:        the profile 'role'\n", result.Output, StringComparison.Ordinal);
        Assert.Matches("in (1 h 0 min|59 min)", result.Output);
    }

    [Theory]
    [InlineData("--role-arn", "arn:aws:iam::999999999999:role/enclave", "AccessDenied", "the role's trust policy must name the caller")]
    [InlineData("--role-arn", "arn:aws:iam::nobody:role/enclave", "ValidationError", "compare --role-arn")]
    [InlineData("--role-arn", "this is not an ARN whatsoever", "ValidationError", "compare --role-arn")]
    [InlineData("--profile", "denied", "AccessDenied", "the role's trust policy must name the caller")]
    [InlineData("--profile", "missing", "there is no profile 'missing'", "aws configure list-profiles")]
    [InlineData("--profile", "region-only", "holds no credentials", "aws configure --profile region-only")]
    [InlineData("--profile", "browser", "needs a browser", "aws configure export-credentials --profile browser")]
    [InlineData("--profile", "sourceless", "the profile 'sourceless' gives none that can be used", "aws sts get-caller-identity --profile sourceless")]
    public async Task Credentials_that_cannot_be_had_end_with_3_and_what_to_do(string option, string value, string reason, string advice)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        Dictionary<string, string> environment = AdministratorOf(simulator);
        environment["AWS_CONFIG_FILE"] = await WriteProfilesAsync(simulator);

        ProgramResult result = await RunAsync(environment, option, value);

        AssertNone(result, reason, advice);
    }

    [Fact]
    public async Task Role_chain_longer_than_an_hour_is_refused_by_STS()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();

        ProgramResult result = await RunAsync(InstanceOf(simulator), "--role-arn", RoleOf(simulator), "--duration", "3601");

        AssertNone(result, "ValidationError", "3600 for a role that assumes a role");
    }

    [Theory]
    [InlineData("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:1", 3, "Connection refused (127.0.0.1:1)", "VPC endpoint")]
    [InlineData("AWS_CA_BUNDLE", "", 3, "certificate", "AWS_CA_BUNDLE")]
    [InlineData("AWS_CA_BUNDLE", "/nonexistent/ca.pem", 2, "/nonexistent/ca.pem", "AWS_CA_BUNDLE")]
    [InlineData("AWS_CA_BUNDLE", "/dev/null", 2, "no certificate", "AWS_CA_BUNDLE")]
    [InlineData("AWS_SECRET_ACCESS_KEY", "another", 3, "SignatureDoesNotMatch", "secret access key")]
    [InlineData("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNUNKNOWNUN", 3, "InvalidClientTokenId", "not valid")]
    [InlineData("AWS_SECRET_ACCESS_KEY", "", 3, "without AWS_SECRET_ACCESS_KEY", "set both")]
    public async Task Environment_that_does_not_work_is_told(string variable, string value, int exitCode, string reason, string advice)
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        Dictionary<string, string> environment = AdministratorOf(simulator);
        environment[variable] = value;

        ProgramResult result = await RunAsync(environment, "--role-arn", RoleOf(simulator));

        Assert.Equal(exitCode, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Contains(reason, LastLine(result), StringComparison.Ordinal);
        Assert.Contains(advice, LastLine(result), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Credentials_at_log_level_trace_show_no_secret()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        string administrator = simulator.Host.Administrator.SecretAccessKey;
        AwsCredential role = simulator.Host.Role!.CurrentCredential();

        ProgramResult[] results =
        [
            await RunAsync(InstanceOf(simulator), "--log-level", "trace"),
            await RunAsync(InstanceOf(simulator), "--log-level", "trace", "--output", "json", "--role-arn", RoleOf(simulator)),
            await RunAsync(AdministratorOf(simulator), "--log-level", "trace", "--role-arn", RoleOf(simulator)),
            await RunAsync(AdministratorOf(simulator), "--log-level", "trace", "--role-arn", "arn:aws:iam::999999999999:role/enclave"),
        ];

        Assert.Equal([0, 0, 0, 3], results.Select(result => result.ExitCode));
        foreach (ProgramResult result in results)
        {
            Assert.Contains("credentials come from", result.Error, StringComparison.Ordinal);
            foreach (string secret in new[] { administrator, role.SecretAccessKey, role.SessionToken!, role.AccessKeyId })
            {
                Assert.DoesNotContain(secret, result.Output + result.Error, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("--duration", "899", "--role-arn", "arn:aws:iam::111122223333:role/enclave")]
    [InlineData("--duration", "43201", "--role-arn", "arn:aws:iam::111122223333:role/enclave")]
    [InlineData("--duration", "3600")]
    [InlineData("--external-id", "id")]
    [InlineData("--session-name", "name")]
    [InlineData("--session-name", "n", "--role-arn", "arn:aws:iam::111122223333:role/enclave")]
    [InlineData("--role-arn", "short")]
    [InlineData("--profile", "")]
    [InlineData("--region", "nowhere")]
    [InlineData("--output", "yaml")]
    [InlineData("--timeout", "0")]
    public async Task Usage_that_is_wrong_ends_with_2(params string[] options)
    {
        ProgramResult result = await RunAsync(new(), options);

        Assert.Equal((int)ExitCode.WrongUsage, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    private static void AssertNone(ProgramResult result, string reason, string advice)
    {
        Assert.Equal((int)ExitCode.NoCredentials, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("kmstool-instance: Could not get credentials: ", result.Error, StringComparison.Ordinal);
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
        Assert.Contains(advice, result.Error, StringComparison.Ordinal);
    }

    private static string LastLine(ProgramResult result) => result.Error.TrimEnd('\n').Split('\n').Last();

    private static string RoleOf(RunningSimulator simulator) => $"arn:aws:iam::{simulator.Host.Account.Id}:role/enclave";

    private static string Iso8601(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static async Task<string> WriteProfilesAsync(RunningSimulator simulator)
    {
        string path = Path.Combine(simulator.Host.Files.Directory, "config");
        await File.WriteAllTextAsync(path, $"""
            [profile first]
            aws_access_key_id = {simulator.Host.Administrator.AccessKeyId}
            aws_secret_access_key = {simulator.Host.Administrator.SecretAccessKey}
            [profile role]
            role_arn = {RoleOf(simulator)}
            source_profile = first
            [profile denied]
            role_arn = arn:aws:iam::999999999999:role/enclave
            source_profile = first
            [profile sourceless]
            role_arn = {RoleOf(simulator)}
            source_profile = nobody
            [profile region-only]
            region = eu-west-1
            [profile browser]
            sso_start_url = https://example.awsapps.com/start
            sso_region = us-east-1
            sso_account_id = {simulator.Host.Account.Id}
            sso_role_name = role
            """);
        return path;
    }

    private static Dictionary<string, string> InstanceOf(RunningSimulator simulator)
    {
        var environment = new Dictionary<string, string>(simulator.Host.Environment) { ["AWS_EC2_METADATA_DISABLED"] = "false" };
        environment.Remove("AWS_ACCESS_KEY_ID");
        environment.Remove("AWS_SECRET_ACCESS_KEY");
        return environment;
    }

    private static Dictionary<string, string> AdministratorOf(RunningSimulator simulator) => new(simulator.Host.Environment);

    private static Task<ProgramResult> RunAsync(Dictionary<string, string> environment, params string[] options) =>
        ProgramRunner.RunAsync("kmstool-instance", ["credentials", .. options], environment);
}
