using System.Net;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using KmsTool.Simulator.Iam;

namespace KmsTool.Tests.Simulator.Sts;

public sealed class StsTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private const string RoleArn = "arn:aws:iam::111122223333:role/app";

    private readonly RunningSimulator _simulator = fixture.Simulator;

    [Fact]
    public async Task GetCallerIdentity_showsWhoSigned()
    {
        GetCallerIdentityResponse administrator = await _simulator.Sts().GetCallerIdentityAsync(new GetCallerIdentityRequest());
        GetCallerIdentityResponse role = await _simulator.Sts(_simulator.Host.Role!.CurrentCredential()).GetCallerIdentityAsync(new GetCallerIdentityRequest());

        Assert.Equal("arn:aws:iam::111122223333:user/administrator", administrator.Arn);
        Assert.Equal("111122223333", administrator.Account);
        Assert.StartsWith("AIDA", administrator.UserId, StringComparison.Ordinal);
        Assert.Equal("arn:aws:sts::111122223333:assumed-role/kmstool-instance-role/i-0123456789abcdef0", role.Arn);
        Assert.Matches("^AROA[A-Z2-7]{16}:i-0123456789abcdef0$", role.UserId);
    }

    [Fact]
    public async Task AssumeRole_givesCredentialsThatKeyPoliciesKnow()
    {
        AssumeRoleResponse assumed = await _simulator.Sts().AssumeRoleAsync(new AssumeRoleRequest
        {
            RoleArn = RoleArn,
            RoleSessionName = "session@1",
            DurationSeconds = 900,
            ExternalId = "ticket:42/a",
        });
        string keyArn = _simulator.Host.CreateKey(
            $$$"""{"Statement": {"Effect": "Allow", "Principal": {"AWS": "{{{RoleArn}}}"}, "Action": "kms:Encrypt", "Resource": "*"}}""");

        GetCallerIdentityResponse identity = await StsWith(assumed.Credentials).GetCallerIdentityAsync(new GetCallerIdentityRequest());
        using AmazonKeyManagementServiceClient kms = _simulator.Kms(Credential(assumed.Credentials));
        EncryptResponse encrypted = await kms.EncryptAsync(new EncryptRequest { KeyId = keyArn, Plaintext = new MemoryStream([1]) });

        Assert.Equal("arn:aws:sts::111122223333:assumed-role/app/session@1", assumed.AssumedRoleUser.Arn);
        Assert.Equal(assumed.AssumedRoleUser.Arn, identity.Arn);
        Assert.Equal(assumed.AssumedRoleUser.AssumedRoleId, identity.UserId);
        Assert.Equal(keyArn, encrypted.KeyId);
        TimeSpan lifetime = assumed.Credentials.Expiration!.Value.ToUniversalTime() - TimeProvider.System.GetUtcNow().UtcDateTime;
        Assert.InRange(lifetime, TimeSpan.FromSeconds(700), TimeSpan.FromSeconds(900));
    }

    [Theory]
    [InlineData(RoleArn, "session", 899, "ValidationError")]
    [InlineData(RoleArn, "session", 43201, "ValidationError")]
    [InlineData(RoleArn, "s", 3600, "ValidationError")]
    [InlineData(RoleArn, "no spaces", 3600, "ValidationError")]
    [InlineData("arn:aws:iam::111122223333:user/app", "session", 3600, "ValidationError")]
    [InlineData("app-role-without-arn", "session", 3600, "ValidationError")]
    [InlineData("arn:aws:iam::999922223333:role/app", "session", 3600, "AccessDenied")]
    public async Task AssumeRole_badParameters_areRefused(string roleArn, string sessionName, int seconds, string expected)
    {
        AmazonSecurityTokenServiceException e = await Assert.ThrowsAnyAsync<AmazonSecurityTokenServiceException>(
            () => _simulator.Sts().AssumeRoleAsync(new AssumeRoleRequest { RoleArn = roleArn, RoleSessionName = sessionName, DurationSeconds = seconds }));

        Assert.Equal(expected, e.ErrorCode);
    }

    [Fact]
    public async Task AssumeRole_byARole_lastsAnHourAtMost()
    {
        AmazonSecurityTokenServiceClient sts = _simulator.Sts(_simulator.Host.Role!.CurrentCredential());
        var request = new AssumeRoleRequest { RoleArn = RoleArn, RoleSessionName = "chained", DurationSeconds = 3601 };

        AmazonSecurityTokenServiceException e = await Assert.ThrowsAnyAsync<AmazonSecurityTokenServiceException>(() => sts.AssumeRoleAsync(request));
        request.DurationSeconds = 3600;
        AssumeRoleResponse assumed = await sts.AssumeRoleAsync(request);

        Assert.Equal("ValidationError", e.ErrorCode);
        Assert.Equal("arn:aws:sts::111122223333:assumed-role/app/chained", assumed.AssumedRoleUser.Arn);
    }

    [Fact]
    public async Task AnyAction_withWrongCredentials_isRefusedAsStsDoes()
    {
        AwsCredential administrator = _simulator.Host.Administrator;
        AwsCredential expired = _simulator.Host.Credentials.IssueTemporary(administrator.Principal, TimeSpan.FromSeconds(-1));

        Assert.Equal("SignatureDoesNotMatch", await ErrorAsync(new BasicAWSCredentials(administrator.AccessKeyId, "wrong")));
        Assert.Equal("InvalidClientTokenId", await ErrorAsync(new BasicAWSCredentials("AKIAAAAAAAAAAAAAAAAA", "wrong")));
        Assert.Equal("ExpiredToken", await ErrorAsync(new SessionAWSCredentials(expired.AccessKeyId, expired.SecretAccessKey, expired.SessionToken)));
    }

    [Fact]
    public async Task OtherAction_isInvalid()
    {
        AmazonSecurityTokenServiceException e = await Assert.ThrowsAnyAsync<AmazonSecurityTokenServiceException>(
            () => _simulator.Sts().GetSessionTokenAsync(new GetSessionTokenRequest()));

        Assert.Equal("InvalidAction", e.ErrorCode);
    }

    [Fact]
    public async Task Post_unsigned_isRefusedInXml()
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["Action"] = "GetCallerIdentity", ["Version"] = "2011-06-15" });

        using HttpResponseMessage response = await _simulator.HttpClient().PostAsync(_simulator.Host.StsEndpoint, form);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Equal("text/xml", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("<Code>MissingAuthenticationToken</Code>", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task<string> ErrorAsync(AWSCredentials credentials)
    {
        AmazonSecurityTokenServiceException e = await Assert.ThrowsAnyAsync<AmazonSecurityTokenServiceException>(
            () => _simulator.Sts(credentials).GetCallerIdentityAsync(new GetCallerIdentityRequest()));
        return e.ErrorCode;
    }

    private AmazonSecurityTokenServiceClient StsWith(Credentials credentials) =>
        _simulator.Sts(new SessionAWSCredentials(credentials.AccessKeyId, credentials.SecretAccessKey, credentials.SessionToken));

    private AwsCredential Credential(Credentials credentials) => new(
        _simulator.Host.Administrator.Principal, credentials.AccessKeyId, credentials.SecretAccessKey, credentials.SessionToken, default, null);
}
