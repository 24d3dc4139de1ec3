using System.Text.Json;
using Amazon.KeyManagementService;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Simulator;

namespace KmsTool.Tests.Enclave.KmsProxy;

/// <summary>
/// Who may call. Where KMS should be there is nothing: what was forwarded would be answered with KmsUnreachableException.
/// </summary>
public sealed class KmsProxyCallersTests
{
    private const string Random = """{"NumberOfBytes":8}""";

    [Fact]
    public async Task Request_with_the_local_key_is_forwarded()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);

        AssertError(503, "KmsUnreachableException", await proxy.SendAsync(proxy.Signed("GenerateRandom", Random)), out _);
    }

    [Theory]
    [InlineData("Authorization: .*\r\n", "", "MissingAuthenticationTokenException")]
    [InlineData("Authorization: AWS4-HMAC-SHA256", "Authorization: Basic", "IncompleteSignatureException")]
    [InlineData("(Authorization: .*\r\n)", "$1$1", "IncompleteSignatureException")]
    [InlineData("Credential=[A-Z0-9]+", "Credential=AKIAIOSFODNN7EXAMPLE", "UnrecognizedClientException")]
    [InlineData("Credential=[A-Z0-9]+", "Credential=", "UnrecognizedClientException")]
    [InlineData("Signature=[0-9a-f]{4}", "Signature=0000", "InvalidSignatureException")]
    [InlineData("Signature=[0-9a-f]{4}", "Signature=", "IncompleteSignatureException")]
    [InlineData("us-east-1/kms", "us-east-1/sts", "InvalidSignatureException")]
    [InlineData("us-east-1/kms", "eu-west-1/kms", "InvalidSignatureException")]
    [InlineData("us-east-1/kms/aws4_request", "us-east-1/kms", "IncompleteSignatureException")]
    [InlineData("TrentService.GenerateRandom", "TrentService.Decrypt", "InvalidSignatureException")]
    [InlineData(";x-amz-target", "", "IncompleteSignatureException")]
    [InlineData("host;", "", "IncompleteSignatureException")]
    [InlineData("x-amz-date;", "", "IncompleteSignatureException")]
    [InlineData("X-Amz-Date: 2", "X-Amz-Date: 1", "InvalidSignatureException")]
    [InlineData("NumberOfBytes\":8", "NumberOfBytes\":9", "InvalidSignatureException")]
    [InlineData("(X-Amz-Date: )", "X-Amz-Security-Token: t\r\n$1", "UnrecognizedClientException")]
    [InlineData("(X-Amz-Date: )", "X-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n$1", "InvalidSignatureException")]
    [InlineData("POST / ", "POST /?X-Amz-Signature=00 ", "IncompleteSignatureException")]
    public async Task Request_that_is_not_signed_with_the_local_key_is_refused(string pattern, string replacement, string code)
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);
        string signed = proxy.Signed("GenerateRandom", Random);
        string changed = System.Text.RegularExpressions.Regex.Replace(signed, pattern, replacement);
        Assert.NotEqual(signed, changed);

        AssertError(403, code, await proxy.SendAsync(changed), out string message);

        Assert.DoesNotContain(proxy.Key, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_signed_with_another_secret_is_refused_without_a_quote()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);

        AssertError(403, "InvalidSignatureException", await proxy.SendAsync(proxy.Signed("GenerateRandom", Random, secret: "wrong")), out string message);

        Assert.DoesNotContain("anonical", message, StringComparison.Ordinal);
    }

    // The enclave's own AWS credentials are no key for its proxy.
    [Fact]
    public async Task Request_signed_with_the_credentials_of_the_instance_is_refused()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);
        AwsCredential role = proxy.Simulator.Host.Role!.CurrentCredential();
        using var kms = new AmazonKeyManagementServiceClient(
            new Amazon.Runtime.SessionAWSCredentials(role.AccessKeyId, role.SecretAccessKey, role.SessionToken),
            new AmazonKeyManagementServiceConfig { ServiceURL = proxy.Proxy.Address.ToString(), AuthenticationRegion = proxy.Region, MaxErrorRetry = 0 });

        AmazonKeyManagementServiceException e = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(() => kms.GenerateRandomAsync(8));

        Assert.Equal("UnrecognizedClientException", e.ErrorCode);
    }

    [Theory]
    [InlineData(-301)]
    [InlineData(301)]
    public async Task Request_signed_at_another_time_is_refused(int seconds)
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);
        var clock = new FixedClock(TimeProvider.System.GetUtcNow().AddSeconds(seconds < 0 ? seconds : seconds + 60));

        AssertError(403, "InvalidSignatureException", await proxy.SendAsync(proxy.Signed("GenerateRandom", Random, clock)), out string message);

        Assert.StartsWith("Signature ", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Region_that_is_not_configured_is_refused_and_the_answer_says_which_are()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(isCutOff: true);

        AmazonKeyManagementServiceException e = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(
            () => proxy.Client("eu-west-1").GenerateRandomAsync(8));

        Assert.Equal(403, (int)e.StatusCode);
        Assert.Contains("uses KMS of us-east-1", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Access_key_is_another_at_every_start()
    {
        await using TestKmsProxy one = await TestKmsProxy.StartAsync();
        await using TestKmsProxy other = await TestKmsProxy.StartAsync();

        Assert.NotEqual(one.Key, other.Key);
        Assert.NotEqual(one.Proxy.Key.Id, other.Proxy.Key.Id);
        Assert.Matches("^KMSTOOL[A-Z2-7]{13}$", one.Proxy.Key.Id);
        Assert.Equal(40, one.Key.Length);
    }

    internal static void AssertError(int status, string code, string answer, out string message)
    {
        string[] parts = answer.Split("\r\n\r\n", 2);
        Assert.StartsWith($"HTTP/1.1 {status} ", parts[0], StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Type: application/x-amz-json-1.1", parts[0], StringComparison.OrdinalIgnoreCase);
        Assert.Matches("(?i)\r\nx-amzn-RequestId: [0-9a-f-]{36}", parts[0]);
        using var document = JsonDocument.Parse(parts[1]);
        Assert.Equal(code, document.RootElement.GetProperty("__type").GetString());
        message = document.RootElement.GetProperty("message").GetString()!;
    }
}
