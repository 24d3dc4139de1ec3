using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using KmsTool.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace KmsTool.Tests.Instance;

/// <summary>The instance's role as kmstool-instance asks for it, and everything the metadata service may do instead.</summary>
public class InstanceRoleProgramTests
{
    [Fact]
    public async Task Credentials_of_the_instance_role_are_used()
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync();

        JsonElement setClient = await CredentialRuns.SetClientOfAsync(CredentialRuns.Use(metadata.Url));

        Assert.Equal(FakeInstanceMetadata.AccessKeyId, setClient.GetProperty("AwsAccessKeyId").GetString());
        Assert.Equal(FakeInstanceMetadata.SecretAccessKey, setClient.GetProperty("AwsSecretAccessKey").GetString());
        Assert.Equal(FakeInstanceMetadata.SessionToken, setClient.GetProperty("AwsSessionToken").GetString());
    }

    [Fact]
    public async Task Instance_without_a_role_is_said_with_what_to_do()
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync(credentials: null);

        ProgramResult result = await CredentialRuns.RunAsync(CredentialRuns.Use(metadata.Url));

        CredentialRuns.AssertNoCredentials(result, "attach an IAM role");
        Assert.DoesNotContain("hop-limit", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instance_metadata_that_is_disabled_is_said_with_what_to_do()
    {
        await using LoopbackHttp metadata = await LoopbackHttp.StartAsync(context =>
        {
            context.Response.StatusCode = 403;
            return Task.CompletedTask;
        });

        ProgramResult result = await CredentialRuns.RunAsync(CredentialRuns.Use(metadata.Url));

        CredentialRuns.AssertNoCredentials(result, "--http-endpoint enabled");
        Assert.DoesNotContain("hop-limit", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Instance_metadata_that_refuses_its_own_token_is_said()
    {
        await using LoopbackHttp metadata = await LoopbackHttp.StartAsync(context =>
        {
            context.Response.StatusCode = context.Request.Method == "PUT" ? 200 : 401;
            return context.Response.WriteAsync("token");
        });

        ProgramResult result = await CredentialRuns.RunAsync(CredentialRuns.Use(metadata.Url));

        CredentialRuns.AssertNoCredentials(result, "answers 401");
    }

    [Fact]
    public async Task Instance_metadata_that_cannot_be_reached_is_said_with_the_hop_limit()
    {
        ProgramResult result = await CredentialRuns.RunAsync(CredentialRuns.Use("http://127.0.0.1:1"));

        CredentialRuns.AssertNoCredentials(result, "aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2");
    }

    [Theory]
    [InlineData("{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"SECRETSECRET\" oops")]
    [InlineData("{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"EC2 cannot assume the role\"}")]
    [InlineData("{\"Code\":\"Success\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"\"}")]
    [InlineData("{\"Code\":\"Success\"}")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task Instance_role_that_gives_nothing_usable_counts_as_no_credentials(string document)
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync(document);

        ProgramResult result = await CredentialRuns.RunAsync(CredentialRuns.Use(metadata.Url));

        CredentialRuns.AssertNoCredentials(result, "attach an IAM role");
    }

    [Fact]
    public async Task Metadata_service_that_never_answers_is_given_up()
    {
        var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        ProgramResult result = await CredentialRuns.RunAsync(CredentialRuns.Use($"http://{silent.LocalEndpoint}"), "--timeout", "0.5");

        CredentialRuns.AssertNoCredentials(result, "the instance metadata service did not answer within 0.5 s");
        CredentialRuns.AssertNoCredentials(result, "aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2");
        silent.Stop();
    }
}
