using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Simulator.Iam;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class KmsAuthenticationTests
{
    [Fact]
    public async Task Call_withWrongCredentials_isRefusedAsKmsDoes()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        AwsCredential administrator = simulator.Host.Administrator;
        AwsCredential role = simulator.Host.Role!.CurrentCredential();

        Assert.Equal("InvalidSignatureException", await ErrorAsync(simulator, Altered(administrator, secret: "wrong")));
        Assert.Equal("UnrecognizedClientException", await ErrorAsync(simulator, Altered(administrator, accessKeyId: "AKIAAAAAAAAAAAAAAAAA")));
        Assert.Equal("UnrecognizedClientException", await ErrorAsync(simulator, Altered(administrator, token: "any")));
        Assert.Equal("UnrecognizedClientException", await ErrorAsync(simulator, Altered(role, token: "wrong")));
        Assert.Equal("InvalidSignatureException", await ErrorAsync(simulator, Altered(role, secret: "wrong")));
        // Authenticated, and refused for another reason.
        Assert.Equal("AccessDeniedException", await ErrorAsync(simulator, role));
    }

    [Fact]
    public async Task Call_withExpiredCredentials_isRefused()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        AwsCredential expired = simulator.Host.Credentials.IssueTemporary(simulator.Host.Administrator.Principal, TimeSpan.FromSeconds(-1));

        Assert.Equal("ExpiredTokenException", await ErrorAsync(simulator, expired));
    }

    private static AwsCredential Altered(AwsCredential original, string? accessKeyId = null, string? secret = null, string? token = null) => new(
        original.Principal,
        accessKeyId ?? original.AccessKeyId,
        secret ?? original.SecretAccessKey,
        token ?? original.SessionToken,
        original.IssuedAt,
        original.Expiration);

    private static async Task<string> ErrorAsync(RunningSimulator simulator, AwsCredential credential)
    {
        AmazonKeyManagementServiceException e = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(
            () => simulator.Kms(credential).ListKeysAsync(new ListKeysRequest()));
        return e.ErrorCode;
    }
}
