using System.Text;
using Amazon.Runtime.Internal.Auth;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;
using KmsTool.Signing;

namespace KmsTool.Tests.Enclave.Kms;

public class KmsCredentialsTests
{
    private static readonly DateTimeOffset At = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    /// <summary>
    /// The signing key of AWS's documentation ("Create a signed AWS API request", secret wJalr…EXAMPLEKEY, 20150830,
    /// us-east-1, iam) signing the string of its example.
    /// </summary>
    [Fact]
    public void Sign_ofTheDocumentationsExample_isItsSignature()
    {
        using var credentials = new KmsCredentials("AKIDEXAMPLE", SensitiveBytes.CopyOf("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"u8), null);
        byte[] stringToSign = Encoding.ASCII.GetBytes(
            "AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\nf536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59");
        byte[] signature = new byte[32];

        credentials.Sign(new CredentialScope("20150830", "us-east-1", "iam"), stringToSign, signature);

        Assert.Equal("5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7", Convert.ToHexStringLower(signature));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("AQoDYXdzEPT//////////wEXAMPLE==")]
    public void Sign_agreesWithTheAwsSdksSigner(string? token)
    {
        using var credentials = new KmsCredentials("AKIDEXAMPLE", SensitiveBytes.CopyOf("secret"u8), token);
        var endpoint = new KmsEndpoint("kms.eu-central-1.amazonaws.com", 8443, "eu-central-1");
        byte[] body = Encoding.UTF8.GetBytes("""{"KeyId":"é"}""");

        using HttpRequestMessage request = AttestedKmsClient.CreateRequest("TrentService.Decrypt", body, endpoint, credentials, At);

        string signed = token is null ? "content-type;host;x-amz-date;x-amz-target" : "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";
        string canonical = "POST\n/\n\ncontent-type:application/x-amz-json-1.1\nhost:kms.eu-central-1.amazonaws.com:8443\nx-amz-date:20150830T123600Z\n"
            + (token is null ? "" : $"x-amz-security-token:{token}\n")
            + $"x-amz-target:TrentService.Decrypt\n\n{signed}\n{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(body))}";
        AWS4SigningResult expected = AWS4Signer.ComputeSignature(
            "AKIDEXAMPLE", "secret", "eu-central-1", At.UtcDateTime, "kms", signed, canonical);
        Assert.Equal(
            $"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/eu-central-1/kms/aws4_request, SignedHeaders={signed}, Signature={expected.Signature}",
            request.Headers.NonValidated["Authorization"].ToString());
        Assert.Equal("20150830T123600Z", request.Headers.NonValidated["X-Amz-Date"].ToString());
        Assert.Equal(token is not null, request.Headers.NonValidated.Contains("X-Amz-Security-Token"));
    }

    [Fact]
    public void Sign_onAnotherDayOrInAnotherRegion_usesAnotherKey()
    {
        using var credentials = new KmsCredentials("AKIDEXAMPLE", SensitiveBytes.CopyOf("secret"u8), null);
        byte[] sign(string date, string region)
        {
            byte[] signature = new byte[32];
            credentials.Sign(new CredentialScope(date, region, "kms"), "text"u8, signature);
            return signature;
        }

        byte[] first = sign("20150830", "us-east-1");

        Assert.NotEqual(first, sign("20150831", "us-east-1"));
        Assert.NotEqual(first, sign("20150830", "us-east-2"));
        Assert.Equal(first, sign("20150830", "us-east-1"));
    }
}
