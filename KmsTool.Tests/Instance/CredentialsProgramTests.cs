using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using KmsTool.Cli;
using KmsTool.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Tests.Instance;

/// <summary>Where kmstool-instance finds credentials, seen from the enclave that is given them.</summary>
public class CredentialsProgramTests
{
    private const string AssumeRoleAnswer = """
        <AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <AssumeRoleResult>
            <Credentials>
              <AccessKeyId>ASIAASSUMED</AccessKeyId>
              <SecretAccessKey>assumed-secret</SecretAccessKey>
              <SessionToken>assumed-token</SessionToken>
              <Expiration>2100-01-01T00:00:00Z</Expiration>
            </Credentials>
          </AssumeRoleResult>
        </AssumeRoleResponse>
        """;

    [Fact]
    public async Task Credentials_of_the_environment_are_used()
    {
        JsonElement setClient = await SetClientOfAsync(new()
        {
            ["AWS_ACCESS_KEY_ID"] = "AKIDENVIRONMENT",
            ["AWS_SECRET_ACCESS_KEY"] = "secret",
        });

        Assert.Equal("AKIDENVIRONMENT", setClient.GetProperty("AwsAccessKeyId").GetString());
        Assert.Equal("secret", setClient.GetProperty("AwsSecretAccessKey").GetString());
        Assert.False(setClient.TryGetProperty("AwsSessionToken", out _));
    }

    [Fact]
    public async Task Region_of_the_environment_is_not_sent()
    {
        JsonElement setClient = await SetClientOfAsync(new()
        {
            ["AWS_ACCESS_KEY_ID"] = "AKID",
            ["AWS_SECRET_ACCESS_KEY"] = "secret",
            ["AWS_SESSION_TOKEN"] = "token",
            ["AWS_REGION"] = "eu-west-1",
            ["AWS_DEFAULT_REGION"] = "eu-west-1",
            ["REGION"] = "eu-west-1",
        });

        Assert.Equal("token", setClient.GetProperty("AwsSessionToken").GetString());
        Assert.False(setClient.TryGetProperty("AwsRegion", out _));
    }

    [Fact]
    public async Task Credentials_of_a_profile_are_used()
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["credentials"], """
            [default]
            aws_access_key_id = AKIDDEFAULT
            aws_secret_access_key = secret
            [other]
            aws_access_key_id = AKIDOTHER
            aws_secret_access_key = secret
            """);

        JsonElement setClient = await SetClientOfAsync(new()
        {
            ["AWS_SHARED_CREDENTIALS_FILE"] = directory["credentials"],
            ["AWS_PROFILE"] = "other",
        });

        Assert.Equal("AKIDOTHER", setClient.GetProperty("AwsAccessKeyId").GetString());
    }

    [Fact]
    public async Task Credentials_of_a_role_are_asked_for_with_those_of_its_source_profile()
    {
        string? authorization = null;
        await using LoopbackHttp sts = await LoopbackHttp.StartAsync(context =>
        {
            authorization = context.Request.Headers.Authorization;
            return context.Response.WriteAsync(AssumeRoleAnswer);
        });
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["config"], """
            [profile source]
            aws_access_key_id = AKIDSOURCE
            aws_secret_access_key = secret
            [profile role]
            role_arn = arn:aws:iam::123456789012:role/enclave
            source_profile = source
            region = eu-west-1
            """);

        JsonElement setClient = await SetClientOfAsync(new()
        {
            ["AWS_CONFIG_FILE"] = directory["config"],
            ["AWS_PROFILE"] = "role",
            ["AWS_ENDPOINT_URL_STS"] = sts.Url,
        });

        Assert.Contains("Credential=AKIDSOURCE/", authorization, StringComparison.Ordinal);
        Assert.Equal("ASIAASSUMED", setClient.GetProperty("AwsAccessKeyId").GetString());
        Assert.Equal("assumed-token", setClient.GetProperty("AwsSessionToken").GetString());
    }

    [Fact]
    public async Task Credentials_of_a_container_are_used()
    {
        await using LoopbackHttp container = await LoopbackHttp.StartAsync(context => context.Response.WriteAsync("""
            {"RoleArn":"r","AccessKeyId":"ASIACONTAINER","SecretAccessKey":"secret","Token":"token","Expiration":"2100-01-01T00:00:00Z"}
            """));

        JsonElement setClient = await SetClientOfAsync(
            new() { ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = container.Url + "/credentials" });

        Assert.Equal("ASIACONTAINER", setClient.GetProperty("AwsAccessKeyId").GetString());
    }

    [Fact]
    public async Task Credentials_of_the_instance_role_are_used()
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync();

        JsonElement setClient = await SetClientOfAsync(Use(metadata.Url));

        Assert.Equal(FakeInstanceMetadata.AccessKeyId, setClient.GetProperty("AwsAccessKeyId").GetString());
        Assert.Equal(FakeInstanceMetadata.SecretAccessKey, setClient.GetProperty("AwsSecretAccessKey").GetString());
        Assert.Equal(FakeInstanceMetadata.SessionToken, setClient.GetProperty("AwsSessionToken").GetString());
    }

    [Fact]
    public async Task No_credentials_anywhere_is_said_with_what_to_do()
    {
        ProgramResult result = await RunAsync(new());

        AssertNoCredentials(result, "AWS_EC2_METADATA_DISABLED");
    }

    [Fact]
    public async Task Instance_without_a_role_is_said_with_what_to_do()
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync(credentials: null);

        ProgramResult result = await RunAsync(Use(metadata.Url));

        AssertNoCredentials(result, "attach an IAM role");
        Assert.Contains("hop limit", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"SECRETSECRET\" oops")]
    [InlineData("{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume the role\"}")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task Instance_role_that_gives_nothing_usable_counts_as_no_credentials(string document)
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync(document);

        ProgramResult result = await RunAsync(Use(metadata.Url));

        AssertNoCredentials(result, "attach an IAM role");
    }

    [Fact]
    public async Task Metadata_service_that_never_answers_is_given_up()
    {
        var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        ProgramResult result = await RunAsync(Use($"http://{silent.LocalEndpoint}"), "--timeout", "0.5");

        AssertNoCredentials(result, "nothing answered within 0.5 s");
        silent.Stop();
    }

    [Fact]
    public async Task Malformed_credentials_file_is_not_quoted()
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["credentials"], "[default]\naws_secret_access_key SECRETSECRET\n");

        ProgramResult result = await RunAsync(new() { ["AWS_SHARED_CREDENTIALS_FILE"] = directory["credentials"] });

        AssertNoCredentials(result, "Could not get credentials");
    }

    private static Dictionary<string, string> Use(string metadataEndpoint) => new()
    {
        ["AWS_EC2_METADATA_DISABLED"] = "false",
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = metadataEndpoint,
    };

    private static void AssertNoCredentials(ProgramResult result, string named)
    {
        string error = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Last();
        Assert.Equal((int)ExitCode.NoCredentials, result.ExitCode);
        Assert.StartsWith("kmstool-instance: Could not get credentials", error, StringComparison.Ordinal);
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRETSECRET", result.Error, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    private static async Task<JsonElement> SetClientOfAsync(Dictionary<string, string> environment)
    {
        await using var enclave = FakeEnclave.Start(FakeEnclave.OriginalOk, FakeEnclave.OriginalPlaintext);
        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["--cid", enclave.Address.ToString(), "AAAA"], environment);

        Assert.True(result.ExitCode == 0, result.Error);
        return JsonElement.Parse(enclave.Received[0]);
    }

    // The address is never reached: without credentials nothing is connected to.
    private static Task<ProgramResult> RunAsync(Dictionary<string, string> environment, params string[] options) =>
        ProgramRunner.RunAsync(
            "kmstool-instance", ["--cid", "unix:/nonexistent", "AAAA", "--log-level", "trace", .. options], environment);
}
