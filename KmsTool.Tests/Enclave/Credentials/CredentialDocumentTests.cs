using System.Text;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;
using KmsTool.Signing;
using KmsTool.Tests.Instance;

namespace KmsTool.Tests.Enclave.Credentials;

public class CredentialDocumentTests
{
    [Theory]
    [InlineData("""{"Version":1,"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t==","Expiration":"2026-01-02T03:04:05Z"}""", "t==", "2026-01-02T03:04:05Z")]
    [InlineData("""{"Version":1,"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-01-02T05:04:05+02:00"}""", "t", "2026-01-02T03:04:05Z")]
    [InlineData("""{"Code":"Success","AccessKeyId":"ASIA","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-02T03:04:05"}""", "t", "2026-01-02T03:04:05Z")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"s"}""", null, null)]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"s","SessionToken":"","Expiration":null}""", null, null)]
    [InlineData("""{"AccessKeyId":"ASI\u0041","SecretAccessKey":"\u0073","SessionToken":null,"Token":"t"}""", "t", null)]
    public void Read_forms_of_the_AWS_CLI_and_of_instance_metadata(string json, string? token, string? expiration)
    {
        TimedCredentials read = Read(json);
        using KmsCredentials credentials = read.Credentials;

        Assert.Equal(("ASIA", token), (credentials.AccessKeyId, credentials.SessionToken));
        Assert.Equal(expiration is null ? null : DateTimeOffset.Parse(expiration, System.Globalization.CultureInfo.InvariantCulture), read.Expiration);
        Assert.Equal(SignatureOf("s"), Sign(credentials));
    }

    [Fact]
    public void Read_what_instance_metadata_answers()
    {
        TimedCredentials read = Read(FakeInstanceMetadata.GoodCredentials);
        using KmsCredentials credentials = read.Credentials;

        Assert.Equal((FakeInstanceMetadata.AccessKeyId, FakeInstanceMetadata.SessionToken), (credentials.AccessKeyId, credentials.SessionToken));
        Assert.Equal(SignatureOf(FakeInstanceMetadata.SecretAccessKey), Sign(credentials));
        Assert.Equal(2100, read.Expiration!.Value.Year);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SECRETSECRET")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"Code":"AssumeRoleUnauthorizedAccess","Message":"SECRETSECRET"}""")]
    [InlineData("""{"AccessKeyId":"ASIA"}""")]
    [InlineData("""{"SecretAccessKey":"SECRETSECRET"}""")]
    [InlineData("""{"AccessKeyId":"","SecretAccessKey":"SECRETSECRET"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":""}""")]
    [InlineData("""{"AccessKeyId":1,"SecretAccessKey":"SECRETSECRET"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":["SECRETSECRET"]}""")]
    [InlineData("""{"AccessKeyId":"ASIA SECRETSECRET","SecretAccessKey":"SECRETSECRET"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET","SessionToken":"SECRETSECRET\r\nX: y"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET","SessionToken":"SECRETSECRETé"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET","SessionToken":"\ud800"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET\ud800"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET","Expiration":"SECRETSECRET"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET","SecretAccessKey":"SECRETSECRET"}""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET"} SECRETSECRET""")]
    [InlineData("""{"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET"  """)]
    [InlineData("""{"a":[[[[[[[[[]]]]]]]]],"AccessKeyId":"ASIA","SecretAccessKey":"SECRETSECRET"}""")]
    public void Read_anything_else_is_refused_and_not_quoted(string json)
    {
        FormatException e = Assert.Throws<FormatException>(() => Read(json));

        Assert.DoesNotContain("SECRETSECRET", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Make_what_cannot_travel_in_a_header_clears_the_secret()
    {
        var secret = SensitiveBytes.CopyOf("SECRET"u8);

        Assert.Throws<FormatException>(() => CredentialDocument.Make("AKID\n", secret, null));

        Assert.Throws<ObjectDisposedException>(() => secret.Memory);
    }

    private static TimedCredentials Read(string json) => CredentialDocument.Read(Encoding.UTF8.GetBytes(json));

    private static string SignatureOf(string secret)
    {
        using var credentials = new KmsCredentials("ASIA", SensitiveBytes.CopyOf(Encoding.UTF8.GetBytes(secret)), null);
        return Sign(credentials);
    }

    private static string Sign(KmsCredentials credentials)
    {
        Span<byte> signature = stackalloc byte[32];
        credentials.Sign(new CredentialScope("20260101", "eu-west-1", "kms"), "text"u8, signature);
        return Convert.ToHexStringLower(signature);
    }
}
