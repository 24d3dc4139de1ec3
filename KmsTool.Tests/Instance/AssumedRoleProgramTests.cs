using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using KmsTool.CommandLine;
using KmsTool.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace KmsTool.Tests.Instance;

/// <summary>Roles that kmstool-instance assumes: what STS is asked, and what the enclave is given.</summary>
public class AssumedRoleProgramTests
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
    public async Task Role_is_assumed_as_the_options_say()
    {
        var parameters = new Dictionary<string, string>();
        await using LoopbackHttp sts = await LoopbackHttp.StartAsync(async context =>
        {
            foreach ((string name, StringValues value) in await context.Request.ReadFormAsync())
            {
                parameters[name] = value.ToString();
            }

            parameters["Authorization"] = context.Request.Headers.Authorization.ToString();
            await context.Response.WriteAsync(AssumeRoleAnswer);
        });

        JsonElement setClient = await CredentialRuns.SetClientOfAsync(
            new() { ["AWS_ACCESS_KEY_ID"] = "AKIDENVIRONMENT", ["AWS_SECRET_ACCESS_KEY"] = "secret", ["AWS_ENDPOINT_URL_STS"] = sts.Url },
            "--role-arn", "arn:aws-cn:iam::123456789012:role/a/b", "--external-id", "e:1", "--session-name", "s=1", "--duration", "901",
            "--region", "cn-northwest-1");

        Assert.Equal("ASIAASSUMED", setClient.GetProperty("AwsAccessKeyId").GetString());
        Assert.Equal("assumed-secret", setClient.GetProperty("AwsSecretAccessKey").GetString());
        Assert.Equal("assumed-token", setClient.GetProperty("AwsSessionToken").GetString());
        Assert.Equal("AssumeRole", parameters["Action"]);
        Assert.Equal("arn:aws-cn:iam::123456789012:role/a/b", parameters["RoleArn"]);
        Assert.Equal("e:1", parameters["ExternalId"]);
        Assert.Equal("s=1", parameters["RoleSessionName"]);
        Assert.Equal("901", parameters["DurationSeconds"]);
        Assert.Contains("Credential=AKIDENVIRONMENT/", parameters["Authorization"], StringComparison.Ordinal);
        Assert.Contains("/cn-northwest-1/sts/", parameters["Authorization"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("arn:aws:iam::123456789012:role/r", "us-east-1")]
    [InlineData("arn:aws-cn:iam::123456789012:role/r", "cn-north-1")]
    [InlineData("arn:aws-us-gov:iam::123456789012:role/r", "us-gov-west-1")]
    public async Task Role_without_a_region_is_assumed_in_its_partition(string roleArn, string region)
    {
        string? authorization = null;
        string? sessionName = null;
        await using LoopbackHttp sts = await LoopbackHttp.StartAsync(async context =>
        {
            authorization = context.Request.Headers.Authorization;
            sessionName = (await context.Request.ReadFormAsync())["RoleSessionName"];
            await context.Response.WriteAsync(AssumeRoleAnswer);
        });

        await CredentialRuns.SetClientOfAsync(
            new() { ["AWS_ACCESS_KEY_ID"] = "AKID", ["AWS_SECRET_ACCESS_KEY"] = "secret", ["AWS_ENDPOINT_URL_STS"] = sts.Url },
            "--role-arn", roleArn);

        Assert.Contains($"/{region}/sts/", authorization, StringComparison.Ordinal);
        Assert.StartsWith("kmstool-instance-", sessionName, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SignatureDoesNotMatch")]
    [InlineData("SomethingNew")]
    public async Task Error_of_STS_that_quotes_what_was_sent_is_not_repeated(string code)
    {
        await using LoopbackHttp sts = await LoopbackHttp.StartAsync(context =>
        {
            context.Response.StatusCode = 403;
            return context.Response.WriteAsync($"""
                <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>
                <Message>The canonical string was: x-amz-security-token:{context.Request.Headers["X-Amz-Security-Token"]}</Message></Error></ErrorResponse>
                """);
        });

        ProgramResult result = await CredentialRuns.RunAsync(
            new()
            {
                ["AWS_ACCESS_KEY_ID"] = "AKID",
                ["AWS_SECRET_ACCESS_KEY"] = "SECRETSECRET",
                ["AWS_SESSION_TOKEN"] = "SECRETSECRETTOKEN",
                ["AWS_ENDPOINT_URL_STS"] = sts.Url,
            },
            "--role-arn", "arn:aws:iam::123456789012:role/r");

        CredentialRuns.AssertNoCredentials(result, code);
    }

    [Fact]
    public async Task Role_assumed_at_log_level_trace_shows_no_secret()
    {
        await using LoopbackHttp sts = await LoopbackHttp.StartAsync(context => context.Response.WriteAsync(AssumeRoleAnswer));

        ProgramResult result = await CredentialRuns.RunAsync(
            new() { ["AWS_ACCESS_KEY_ID"] = "AKIDCALLER", ["AWS_SECRET_ACCESS_KEY"] = "SECRETSECRET", ["AWS_ENDPOINT_URL_STS"] = sts.Url },
            "--role-arn", "arn:aws:iam::123456789012:role/r");

        // Assumed, and then there is no enclave.
        Assert.Equal((int)ExitCode.CouldNotConnect, result.ExitCode);
        Assert.Contains("credentials come from the role arn:aws:iam::123456789012:role/r", result.Error, StringComparison.Ordinal);
        foreach (string hidden in new[] { "AKIDCALLER", "SECRETSECRET", "ASIAASSUMED", "assumed-secret", "assumed-token" })
        {
            Assert.DoesNotContain(hidden, result.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Sts_that_never_answers_is_given_up()
    {
        var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        ProgramResult result = await CredentialRuns.RunAsync(
            new() { ["AWS_ACCESS_KEY_ID"] = "AKID", ["AWS_SECRET_ACCESS_KEY"] = "SECRETSECRET", ["AWS_ENDPOINT_URL_STS"] = $"http://{silent.LocalEndpoint}" },
            "--role-arn", "arn:aws:iam::123456789012:role/r", "--timeout", "2");

        CredentialRuns.AssertNoCredentials(result, "did not answer within 2 s");
        silent.Stop();
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

        JsonElement setClient = await CredentialRuns.SetClientOfAsync(new()
        {
            ["AWS_CONFIG_FILE"] = directory["config"],
            ["AWS_PROFILE"] = "role",
            ["AWS_ENDPOINT_URL_STS"] = sts.Url,
        });

        Assert.Contains("Credential=AKIDSOURCE/", authorization, StringComparison.Ordinal);
        Assert.Equal("ASIAASSUMED", setClient.GetProperty("AwsAccessKeyId").GetString());
        Assert.Equal("assumed-token", setClient.GetProperty("AwsSessionToken").GetString());
    }
}
