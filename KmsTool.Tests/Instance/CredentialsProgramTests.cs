using System.Text.Json;
using KmsTool.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Tests.Instance;

/// <summary>Where kmstool-instance finds credentials, seen from the enclave that is given them.</summary>
public class CredentialsProgramTests
{
    [Fact]
    public async Task Credentials_of_the_environment_are_used()
    {
        JsonElement setClient = await CredentialRuns.SetClientOfAsync(new()
        {
            ["AWS_ACCESS_KEY_ID"] = "AKIDENVIRONMENT",
            ["AWS_SECRET_ACCESS_KEY"] = "secret",
        });

        Assert.Equal("AKIDENVIRONMENT", setClient.GetProperty("AwsAccessKeyId").GetString());
        Assert.Equal("secret", setClient.GetProperty("AwsSecretAccessKey").GetString());
        Assert.False(setClient.TryGetProperty("AwsSessionToken", out _));
    }

    [Fact]
    public async Task Region_for_enclaves_is_not_sent()
    {
        JsonElement setClient = await CredentialRuns.SetClientOfAsync(new()
        {
            ["AWS_ACCESS_KEY_ID"] = "AKID",
            ["AWS_SECRET_ACCESS_KEY"] = "secret",
            ["AWS_SESSION_TOKEN"] = "token",
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

        JsonElement setClient = await CredentialRuns.SetClientOfAsync(new()
        {
            ["AWS_SHARED_CREDENTIALS_FILE"] = directory["credentials"],
            ["AWS_PROFILE"] = "other",
        });

        Assert.Equal("AKIDOTHER", setClient.GetProperty("AwsAccessKeyId").GetString());
    }

    [Fact]
    public async Task Profile_for_a_region_only_does_not_end_the_search()
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync();
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["config"], "[default]\nregion = eu-west-1\n[profile named]\nregion = eu-west-1\n");
        Dictionary<string, string> environment = CredentialRuns.Use(metadata.Url);
        environment["AWS_CONFIG_FILE"] = directory["config"];

        JsonElement ofDefault = await CredentialRuns.SetClientOfAsync(environment);
        environment["AWS_PROFILE"] = "named";
        JsonElement ofNamed = await CredentialRuns.SetClientOfAsync(environment);

        Assert.Equal(FakeInstanceMetadata.AccessKeyId, ofDefault.GetProperty("AwsAccessKeyId").GetString());
        Assert.Equal(FakeInstanceMetadata.AccessKeyId, ofNamed.GetProperty("AwsAccessKeyId").GetString());
    }

    [Fact]
    public async Task Credentials_of_a_process_are_used()
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["answer.json"], """
            {"Version":1,"AccessKeyId":"ASIAPROCESS","SecretAccessKey":"secret","SessionToken":"token","Expiration":"2100-01-01T00:00:00Z"}
            """);
        await File.WriteAllTextAsync(directory["config"], $"[profile p]\ncredential_process = /bin/cat {directory["answer.json"]}\n");

        JsonElement setClient = await CredentialRuns.SetClientOfAsync(
            new() { ["AWS_CONFIG_FILE"] = directory["config"], ["PATH"] = "/usr/bin:/bin" }, "--profile", "p");

        Assert.Equal("ASIAPROCESS", setClient.GetProperty("AwsAccessKeyId").GetString());
    }

    [Fact]
    public async Task Credentials_of_a_container_are_used()
    {
        await using LoopbackHttp container = await LoopbackHttp.StartAsync(context => context.Response.WriteAsync("""
            {"RoleArn":"r","AccessKeyId":"ASIACONTAINER","SecretAccessKey":"secret","Token":"token","Expiration":"2100-01-01T00:00:00Z"}
            """));

        JsonElement setClient = await CredentialRuns.SetClientOfAsync(
            new() { ["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = container.Url + "/credentials" });

        Assert.Equal("ASIACONTAINER", setClient.GetProperty("AwsAccessKeyId").GetString());
    }

    [Fact]
    public async Task No_credentials_anywhere_is_said_with_what_to_do()
    {
        ProgramResult result = await CredentialRuns.RunAsync(new());

        CredentialRuns.AssertNoCredentials(result, "AWS_EC2_METADATA_DISABLED");
    }

    [Theory]
    [InlineData("[default]\naws_secret_access_key SECRETSECRET\n")]
    [InlineData("[default\naws_secret_access_key=SECRETSECRET\n")]
    public async Task Malformed_credentials_file_is_told_and_not_quoted(string content)
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["credentials"], content);

        ProgramResult result = await CredentialRuns.RunAsync(new() { ["AWS_SHARED_CREDENTIALS_FILE"] = directory["credentials"] });

        CredentialRuns.AssertNoCredentials(result, "the profile 'default' gives none that can be used");
    }
}
