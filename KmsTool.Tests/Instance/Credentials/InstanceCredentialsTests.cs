using System.Text;
using Amazon.Runtime;
using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Messages;

namespace KmsTool.Tests.Instance.Credentials;

public class InstanceCredentialsTests
{
    private static readonly FoundCredentials Found = new()
    {
        Keys = new ImmutableCredentials("ASIAEXAMPLE", "SECRETSECRET", "TOKENTOKEN"),
        Origin = "the profile 'x'",
    };

    [Fact]
    public void ToString_of_credentials_shows_no_secret()
    {
        using var credentials = InstanceCredentials.From(Found);

        Assert.Equal("the profile 'x'", $"{credentials}");
        Assert.Equal("the profile 'x'", $"{Found}");
    }

    [Fact]
    public void ToSetClient_has_secrets_of_its_own()
    {
        var credentials = InstanceCredentials.From(Found);
        using SetClientCommand command = credentials.ToSetClient("eu-west-1");

        credentials.Dispose();

        Assert.Equal("ASIAEXAMPLE", command.AwsAccessKeyId);
        Assert.Equal("SECRETSECRET", Encoding.UTF8.GetString(command.AwsSecretAccessKey.Span));
        Assert.Equal("TOKENTOKEN", Encoding.UTF8.GetString(command.AwsSessionToken!.Span));
        Assert.Equal("eu-west-1", command.AwsRegion);
        Assert.Throws<ObjectDisposedException>(() => credentials.SecretAccessKey.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => credentials.SessionToken!.Span.Length);
    }

    [Fact]
    public void ToSetClient_of_long_term_credentials_has_no_token_and_no_region_unasked()
    {
        using var credentials = InstanceCredentials.From(
            new FoundCredentials { Keys = new ImmutableCredentials("AKIDEXAMPLE", "secret", null), Origin = "here" });
        using SetClientCommand command = credentials.ToSetClient(null);

        Assert.Null(command.AwsSessionToken);
        Assert.Null(command.AwsRegion);
    }
}
