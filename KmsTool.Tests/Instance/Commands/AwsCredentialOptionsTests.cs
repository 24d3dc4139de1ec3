using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Commands;
using KmsTool.Instance.Credentials;

namespace KmsTool.Tests.Instance.Commands;

public class AwsCredentialOptionsTests
{
    private const string Role = "arn:aws:iam::111122223333:role/enclave";

    [Fact]
    public void Bind_without_options_leaves_everything_to_the_chain()
    {
        AwsCredentialSettings options = Bind([]);

        Assert.Equal(new AwsCredentialSettings { Timeout = TimeSpan.FromSeconds(7) }, options);
    }

    [Fact]
    public void Bind_every_option_arrives()
    {
        AwsCredentialSettings options = Bind(
            ["--profile", "p", "--role-arn", Role, "--external-id", "id/1", "--session-name", "s@h", "--duration", "1800"],
            region: "eu-central-1", caBundle: "/ca.pem");

        Assert.Equal(
            new AwsCredentialSettings
            {
                Profile = "p",
                RoleArn = Role,
                ExternalId = "id/1",
                SessionName = "s@h",
                Duration = TimeSpan.FromMinutes(30),
                Region = "eu-central-1",
                CaBundle = "/ca.pem",
                Timeout = TimeSpan.FromSeconds(7),
            },
            options);
    }

    [Theory]
    [InlineData("--external-id", "id")]
    [InlineData("--session-name", "name")]
    [InlineData("--duration", "3600")]
    public void Bind_option_of_a_role_without_a_role_is_refused(string option, string value)
    {
        CommandFailedException refused = Assert.Throws<CommandFailedException>(() => Bind([option, value]));

        Assert.Equal(ExitCode.WrongUsage, refused.ExitCode);
        Assert.Contains("--role-arn", refused.Message, StringComparison.Ordinal);
        Bind([option, value, "--role-arn", Role]);
    }

    [Theory]
    [InlineData(900)]
    [InlineData(43200)]
    public void Bind_duration_at_its_bounds_is_taken(int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Bind(["--role-arn", Role, "--duration", $"{seconds}"]).Duration);

    [Theory]
    [InlineData("899")]
    [InlineData("43201")]
    [InlineData("0")]
    [InlineData("-900")]
    [InlineData("3600.5")]
    [InlineData("an hour")]
    [InlineData("99999999999")]
    public void Bind_duration_past_its_bounds_is_refused_and_the_bounds_named(string duration) => Assert.Contains(
        Parse(["--role-arn", Role, "--duration", duration], out _).Errors,
        error => error.Message.Contains("from 900 to 43200", StringComparison.Ordinal));

    [Theory]
    [InlineData("--role-arn", 20, 2048)]
    [InlineData("--external-id", 2, 1224)]
    [InlineData("--session-name", 2, 64)]
    public void Bind_length_is_bounded(string option, int shortest, int longest)
    {
        Bind(Line(shortest));
        Bind(Line(longest));
        foreach (int length in new[] { 0, shortest - 1, longest + 1 })
        {
            CommandFailedException refused = Assert.Throws<CommandFailedException>(() => Bind(Line(length)));
            Assert.Equal(ExitCode.WrongUsage, refused.ExitCode);
            Assert.Contains($"{option} must have {shortest} to {longest} characters", refused.Message, StringComparison.Ordinal);
        }

        string[] Line(int length)
        {
            string value = new string('x', length);
            return option == "--role-arn" ? [option, value] : [option, value, "--role-arn", Role];
        }
    }

    [Theory]
    [InlineData("--external-id", "a b")]
    [InlineData("--external-id", "ab\n")]
    [InlineData("--external-id", "größe")]
    [InlineData("--session-name", "a b")]
    [InlineData("--session-name", "a/b")]
    [InlineData("--session-name", "a:b")]
    [InlineData("--session-name", "ab\n")]
    [InlineData("--session-name", "größe")]
    public void Bind_character_outside_the_alphabet_is_refused(string option, string value) => Assert.Equal(
        ExitCode.WrongUsage,
        Assert.Throws<CommandFailedException>(() => Bind([option, value, "--role-arn", Role])).ExitCode);

    [Theory]
    [InlineData("--external-id", "aZ09_+=,.@:/-")]
    [InlineData("--session-name", "aZ09_+=,.@-")]
    public void Bind_every_character_of_the_alphabet_is_taken(string option, string value) =>
        Bind([option, value, "--role-arn", Role]);

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    public void Bind_profile_without_a_name_is_refused(string profile) => Assert.Equal(
        ExitCode.WrongUsage, Assert.Throws<CommandFailedException>(() => Bind(["--profile", profile])).ExitCode);

    [Fact]
    public void Bind_empty_ca_bundle_counts_as_none() => Assert.Null(Bind([], caBundle: "").CaBundle);

    private static ParseResult Parse(string[] line, out AwsCredentialOptions arguments)
    {
        arguments = new AwsCredentialOptions();
        var root = new RootCommand();
        arguments.AddTo(root);
        return CommandRunner.Parse(root, line);
    }

    private static AwsCredentialSettings Bind(string[] line, string? region = null, string? caBundle = null)
    {
        ParseResult parsed = Parse(line, out AwsCredentialOptions arguments);
        Assert.Empty(parsed.Errors);
        return arguments.Bind(parsed, region, TimeSpan.FromSeconds(7), name => name == "AWS_CA_BUNDLE" ? caBundle : null);
    }
}
