using System.Text.Json;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>Which region kmstool-instance asks an enclave for.</summary>
public sealed class RegionProgramTests : IDisposable
{
    private const string KeyArn = "arn:aws:kms:eu-west-3:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    private const string Conflict = "{ \"Status\": \"Error\", \"Message\": \"Could not set region correctly, check configuration.\" }\0";
    private const string PinnedRegion = "{\"Status\":\"Error\",\"Message\":\"Could not set region correctly, check configuration. It is pinned\",\"Code\":\"InvalidRegion\"}\0";
    private const string PinnedKeys = "{\"Status\":\"Error\",\"Message\":\"no admitted key is there\",\"Code\":\"PinViolated\"}\0";

    private readonly TempDirectory _directory = new();

    // Each row has every source that follows the one that counts.
    [Theory]
    [InlineData("ca-central-1", "eu-west-1", "eu-west-2", "--region", "ca-central-1", "--key-id", KeyArn)]
    [InlineData("eu-west-3", "eu-west-1", "eu-west-2", "--key-id", KeyArn)]
    [InlineData("eu-west-1", "eu-west-1", "eu-west-2", "--key-id", "alias/eu-west-3")]
    [InlineData("eu-west-1", "eu-west-1", "eu-west-2")]
    [InlineData("eu-west-2", null, "eu-west-2")]
    [InlineData("eu-west-2", "", "eu-west-2")]
    [InlineData("ap-south-1", null, null)]
    [InlineData("ap-south-1", "", "")]
    [InlineData("ap-south-2", null, null, "--profile", "other")]
    public async Task Region_is_the_first_that_is_named(string expected, string? region, string? defaultRegion, params string[] options)
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync(region: "eu-north-1");
        Dictionary<string, string> environment = CredentialRuns.Use(metadata.Url);
        await WriteProfilesAsync(environment);
        Set(environment, "AWS_REGION", region);
        Set(environment, "AWS_DEFAULT_REGION", defaultRegion);

        JsonElement setClient = await CredentialRuns.SetClientOfAsync(environment, options);

        Assert.Equal(expected, setClient.GetProperty("AwsRegion").GetString());
    }

    [Theory]
    [InlineData("other", "ap-south-2")]
    [InlineData("", "ap-south-1")]
    public async Task Region_of_the_profile_that_the_environment_names_counts(string profile, string expected)
    {
        Dictionary<string, string> environment = Keys();
        await WriteProfilesAsync(environment);
        environment["AWS_PROFILE"] = profile;

        JsonElement setClient = await CredentialRuns.SetClientOfAsync(environment);

        Assert.Equal(expected, setClient.GetProperty("AwsRegion").GetString());
    }

    [Fact]
    public async Task Region_of_the_instance_counts_where_nothing_else_names_one()
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync(region: "eu-north-1");

        JsonElement setClient = await CredentialRuns.SetClientOfAsync(CredentialRuns.Use(metadata.Url));

        Assert.Equal("eu-north-1", setClient.GetProperty("AwsRegion").GetString());
    }

    [Fact]
    public async Task Region_that_nothing_names_is_the_enclaves_business()
    {
        JsonElement setClient = await CredentialRuns.SetClientOfAsync(Keys());

        Assert.False(setClient.TryGetProperty("AwsRegion", out _));
    }

    [Theory]
    [InlineData(Conflict)]
    [InlineData(PinnedRegion)]
    [InlineData(PinnedKeys)]
    public async Task Region_that_was_found_gives_way_to_the_enclaves_own(string refusal)
    {
        await using var enclave = FakeEnclave.Start(refusal, FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext);

        ProgramResult result = await RunAsync(enclave, "--key-id", KeyArn);

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Equal("eu-west-3", JsonElement.Parse(enclave.Received[0]).GetProperty("AwsRegion").GetString());
        Assert.False(JsonElement.Parse(enclave.Received[1]).TryGetProperty("AwsRegion", out _));
        Assert.Equal("Decrypt", JsonElement.Parse(enclave.Received[2]).GetProperty("Operation").GetString());
    }

    [Theory]
    [InlineData(Conflict)]
    [InlineData(PinnedRegion)]
    [InlineData(PinnedKeys)]
    public async Task Region_that_was_typed_stays_a_conflict(string refusal)
    {
        await using var enclave = FakeEnclave.Start(refusal, FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext);

        ProgramResult result = await RunAsync(enclave, "--region", "eu-west-1");

        Assert.Equal(1, result.ExitCode);
        Assert.Single(enclave.Received);
    }

    // Asked without a region, this one has another reason; it is not asked for ever.
    [Fact]
    public async Task Region_that_was_found_is_given_up_once()
    {
        await using var enclave = FakeEnclave.Start(Conflict, Conflict, FakeEnclave.OriginalOk);

        ProgramResult result = await RunAsync(enclave, "--key-id", KeyArn);

        Assert.Equal(1, result.ExitCode);
        Assert.Equal(2, enclave.Received.Count);
    }

    [Fact]
    public async Task Under_the_name_of_the_AWS_sample_only_a_typed_region_counts()
    {
        string program = LinkedProgram.Create(_directory, "kmstool-instance", "kmstool_instance");
        Dictionary<string, string> environment = Keys();
        await WriteProfilesAsync(environment);
        environment["AWS_REGION"] = "eu-west-1";
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext);

        ProgramResult result = await ProgramRunner.RunAsync(program, ["--cid", enclave.Address.ToString(), "--key-id", KeyArn, "AAAA"], environment);

        Assert.True(result.ExitCode == 0, result.Error);
        Assert.False(JsonElement.Parse(enclave.Received[0]).TryGetProperty("AwsRegion", out _));
    }

    [Theory]
    [InlineData("AWS_REGION")]
    [InlineData("AWS_DEFAULT_REGION")]
    public async Task Region_that_is_not_one_is_refused_with_its_origin(string variable)
    {
        Dictionary<string, string> environment = Keys();
        environment[variable] = "Frankfurt";

        ProgramResult result = await CredentialRuns.RunAsync(environment);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"'Frankfurt' of {variable}", result.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Dispose();

    private static Dictionary<string, string> Keys() => new() { ["AWS_ACCESS_KEY_ID"] = "AKID", ["AWS_SECRET_ACCESS_KEY"] = "secret" };

    private static Task<ProgramResult> RunAsync(FakeEnclave enclave, params string[] options) =>
        ProgramRunner.RunAsync("kmstool-instance", ["--cid", enclave.Address.ToString(), "AAAA", .. options], Keys());

    private static void Set(Dictionary<string, string> environment, string variable, string? value)
    {
        if (value is not null)
        {
            environment[variable] = value;
        }
    }

    private async Task WriteProfilesAsync(Dictionary<string, string> environment)
    {
        await File.WriteAllTextAsync(_directory["config"], """
            [default]
            region = ap-south-1
            aws_access_key_id = AKIDDEFAULT
            aws_secret_access_key = secret

            [profile other]
            region = ap-south-2
            aws_access_key_id = AKIDOTHER
            aws_secret_access_key = secret
            """);
        environment["AWS_CONFIG_FILE"] = _directory["config"];
    }
}
