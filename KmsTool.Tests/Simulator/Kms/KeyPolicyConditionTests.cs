using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Simulator.Iam;

namespace KmsTool.Tests.Simulator.Kms;

/// <summary>Key policies at work: the condition keys that requests carry, what PutKeyPolicy refuses, and its lock-out check.</summary>
public sealed class KeyPolicyConditionTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly RunningSimulator _simulator = fixture.Simulator;
    private readonly AmazonKeyManagementServiceClient _kms = fixture.Simulator.Kms();

    [Theory]
    // The caller.
    [InlineData("{'StringEquals':{'aws:PrincipalType':'AssumedRole'}}")]
    [InlineData("{'StringLike':{'aws:userid':'AROA*:i-0123456789abcdef0'}}")]
    [InlineData("{'Null':{'aws:username':'true'}}")]
    [InlineData("{'ArnEquals':{'aws:PrincipalArn':'arn:aws:iam::${aws:ResourceAccount}:role/kmstool-instance-role'}}")]
    [InlineData("{'StringEquals':{'kms:CallerAccount':'111122223333','aws:PrincipalAccount':'111122223333','aws:ResourceAccount':'111122223333'}}")]
    [InlineData("{'DateGreaterThan':{'aws:TokenIssueTime':'2020-01-01'},'DateLessThan':{'aws:TokenIssueTime':'2999-01-01T00:00:00Z'}}")]
    [InlineData("{'Bool':{'aws:MultiFactorAuthPresent':'false','aws:ViaAWSService':'false','aws:PrincipalIsAWSService':'false'}}")]
    // The request.
    [InlineData("{'IpAddress':{'aws:SourceIp':'127.0.0.0/8'}}")]
    [InlineData("{'Bool':{'aws:SecureTransport':'true'}}")]
    [InlineData("{'StringLike':{'aws:UserAgent':'*aws-sdk-dotnet*'}}")]
    [InlineData("{'StringEquals':{'aws:RequestedRegion':'us-east-1'}}")]
    [InlineData("{'DateGreaterThan':{'aws:CurrentTime':'2020-01-01'},'DateLessThan':{'aws:EpochTime':'2999-01-01'},'NumericGreaterThan':{'aws:EpochTime':'1577836800'}}")]
    [InlineData("{'Null':{'kms:RequestAlias':true,'kms:ViaService':true,'aws:SourceVpce':true,'aws:SourceArn':true,'aws:PrincipalOrgID':true,'aws:TagKeys':true}}")]
    // The key.
    [InlineData("{'StringEquals':{'kms:KeySpec':'SYMMETRIC_DEFAULT','kms:CustomerMasterKeySpec':'SYMMETRIC_DEFAULT'}}")]
    [InlineData("{'StringEquals':{'kms:KeyUsage':'ENCRYPT_DECRYPT','kms:CustomerMasterKeyUsage':'ENCRYPT_DECRYPT','kms:KeyOrigin':'AWS_KMS'},'Bool':{'kms:MultiRegion':false}}")]
    // Its use.
    [InlineData("{'StringEquals':{'kms:EncryptionAlgorithm':'SYMMETRIC_DEFAULT','kms:EncryptionContext:app':'payroll'}}")]
    [InlineData("{'ForAllValues:StringEquals':{'kms:EncryptionContextKeys':['app','owner','Team']}}")]
    public async Task Encrypt_byTheInstanceRole_hasTheConditionKeysOfTheRequest(string condition)
    {
        string statement(string effect) => $"{{'Effect':'{effect}','Principal':'*','Action':'kms:Encrypt','Resource':'*','Condition':{condition}}}";
        string allowing = _simulator.Host.CreateKey(Policy(statement("Allow")));
        string denying = _simulator.Host.CreateKey(Policy("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}", statement("Deny")));
        AmazonKeyManagementServiceClient role = _simulator.Kms(_simulator.Host.Role!.CurrentCredential());

        Assert.Null(await ErrorOf(() => EncryptAsync(role, allowing)));
        Assert.Equal("AccessDeniedException", await ErrorOf(() => EncryptAsync(role, denying)));
    }

    [Theory]
    [InlineData("{'StringEquals':{'aws:username':'administrator','aws:PrincipalType':'User'}}")]
    [InlineData("{'StringLike':{'aws:userid':'AIDA*'}}")]
    [InlineData("{'Null':{'aws:TokenIssueTime':true,'aws:MultiFactorAuthPresent':true}}")]
    [InlineData("{'StringEquals':{'kms:EncryptionContext:owner':'${aws:username}'}}")]
    public async Task Encrypt_byTheAdministrator_hasTheConditionKeysOfAUser(string condition)
    {
        string key = _simulator.Host.CreateKey(Policy($"{{'Effect':'Allow','Principal':'*','Action':'kms:Encrypt','Resource':'*','Condition':{condition}}}"));

        Assert.Null(await ErrorOf(() => EncryptAsync(_kms, key)));
    }

    [Fact]
    public async Task Encrypt_byAlias_carriesTheAliasOfTheRequest()
    {
        string key = _simulator.Host.CreateKey(Policy(
            "{'Effect':'Allow','Principal':'*','Action':'kms:CreateAlias','Resource':'*'}",
            "{'Effect':'Allow','Principal':'*','Action':'kms:Encrypt','Resource':'*','Condition':{'StringEquals':{'kms:RequestAlias':'alias/policy/right'}}}"));
        await _kms.CreateAliasAsync("alias/policy/right", key);
        await _kms.CreateAliasAsync("alias/policy/other", key);

        Assert.Null(await ErrorOf(() => EncryptAsync(_kms, "alias/policy/right")));
        Assert.Null(await ErrorOf(() => EncryptAsync(_kms, "arn:aws:kms:us-east-1:111122223333:alias/policy/right")));
        Assert.Equal("AccessDeniedException", await ErrorOf(() => EncryptAsync(_kms, "alias/policy/other")));
        Assert.Equal("AccessDeniedException", await ErrorOf(() => EncryptAsync(_kms, key)));
    }

    [Theory]
    // Whoever may put the next policy.
    [InlineData("{'Effect':'Allow','Principal':{'AWS':'111122223333'},'NotAction':'kms:Decrypt','Resource':'*'}", null)]
    [InlineData("{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:user/administrator'},'Action':'kms:Put*','Resource':'*'}", null)]
    [InlineData("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'arn:aws:kms:*:111122223333:key/*','Condition':{'IpAddress':{'aws:SourceIp':'127.0.0.1'}}}", null)]
    [InlineData("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*','Condition':{'StringEquals':{'aws:username':'administrator','kms:KeySpec':'SYMMETRIC_DEFAULT'}}}", null)]
    [InlineData("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*','Condition':{'Null':{'kms:BypassPolicyLockoutSafetyCheck':true}}}", null)]
    // Policies that would not let the administrator.
    [InlineData("{'Effect':'Allow','Principal':{'AWS':'111122223333'},'NotAction':['kms:PutKeyPolicy','kms:Decrypt'],'Resource':'*'}", "MalformedPolicyDocumentException")]
    [InlineData("{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:role/key-admin'},'Action':'kms:*','Resource':'*'}", "MalformedPolicyDocumentException")]
    [InlineData("{'Effect':'Allow','Principal':{'AWS':'444455556666','Service':'logs.us-east-1.amazonaws.com'},'Action':'kms:*','Resource':'*'}", "MalformedPolicyDocumentException")]
    [InlineData("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*','Condition':{'NotIpAddress':{'aws:SourceIp':'127.0.0.1'}}}", "MalformedPolicyDocumentException")]
    [InlineData("{'Effect':'Allow','Principal':'*','Action':'*','NotResource':'*'}", "MalformedPolicyDocumentException")]
    [InlineData("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*','Condition':{'StringEquals':{'kms:KeySpec':'RSA_2048'}}}", "MalformedPolicyDocumentException")]
    // Principals: only users are known to be missing.
    [InlineData("{'Effect':'Deny','Principal':{'AWS':'arn:aws:iam::111122223333:user/mallory'},'Action':'kms:Decrypt','Resource':'*'}", "MalformedPolicyDocumentException")]
    [InlineData("{'Effect':'Deny','NotPrincipal':{'AWS':'arn:aws:iam::111122223333:user/team/administrator'},'Action':'kms:Decrypt','Resource':'*'}", "MalformedPolicyDocumentException")]
    // What KMS refuses by name, and what the simulator does not know.
    [InlineData("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*','Condition':{'ForAllValues:StringEquals':{'kms:EncryptionContext:app':'x'}}}", "MalformedPolicyDocumentException")]
    [InlineData("{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*','Condition':{'StringEquals':{'kms:Unheard':'x'}}}", "MalformedPolicyDocumentException")]
    [InlineData("{'Sid':'漢','Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}", "MalformedPolicyDocumentException")]
    [InlineData("{'Sid':'\u007f','Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}", "MalformedPolicyDocumentException")]
    [InlineData("{'Sid':'naïve','Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}", null)]
    public async Task PutKeyPolicy_andCreateKey_refuseWhatKmsWould(string statement, string? error)
    {
        string key = _simulator.Host.CreateKey();

        Assert.Equal(error, await ErrorOf(() => _kms.PutKeyPolicyAsync(new PutKeyPolicyRequest { KeyId = key, Policy = Policy(statement) })));
        Assert.Equal(error, await ErrorOf(() => _kms.CreateKeyAsync(new CreateKeyRequest { Policy = Policy(statement) })));
    }

    [Fact]
    public async Task PutKeyPolicy_byARole_isCheckedForThatRole()
    {
        AwsCredential credential = _simulator.Host.Role!.CurrentCredential();
        string role = $"{{'Effect':'Allow','Principal':{{'AWS':'{credential.Principal.PrincipalArn}'}},'Action':'kms:PutKeyPolicy','Resource':'*'}}";
        string account = "{'Effect':'Allow','Principal':{'AWS':'111122223333'},'Action':'kms:*','Resource':'*'}";
        string key = _simulator.Host.CreateKey(Policy(role));
        AmazonKeyManagementServiceClient kms = _simulator.Kms(credential);

        Assert.Equal("MalformedPolicyDocumentException", await ErrorOf(() => kms.PutKeyPolicyAsync(new PutKeyPolicyRequest { KeyId = key, Policy = Policy(account) })));
        Assert.Null(await ErrorOf(() => kms.PutKeyPolicyAsync(new PutKeyPolicyRequest { KeyId = key, Policy = Policy(account, role) })));
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData(true, "AccessDeniedException")]
    [InlineData(false, "AccessDeniedException")]
    public async Task PutKeyPolicy_underAConditionOnTheBypass_seesWhetherItIsAskedFor(bool? bypass, string? error)
    {
        string policy = Policy(
            "{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*','Condition':{'Null':{'kms:BypassPolicyLockoutSafetyCheck':true}}}");
        string key = _simulator.Host.CreateKey(policy);
        var request = new PutKeyPolicyRequest { KeyId = key, Policy = policy };
        if (bypass is { } value)
        {
            request.BypassPolicyLockoutSafetyCheck = value;
        }

        Assert.Equal(error, await ErrorOf(() => _kms.PutKeyPolicyAsync(request)));
    }

    [Theory]
    [InlineData(0, null)]
    [InlineData(1, "LimitExceededException")]
    public async Task PutKeyPolicy_size_isBounded(int excess, string? error)
    {
        string statement = "{'Effect':'Allow','Principal':'*','Action':'*','Resource':'*'}";
        string policy = Policy(statement).PadRight((32 * 1024) + excess);
        string key = _simulator.Host.CreateKey();

        Assert.Equal(error, await ErrorOf(() => _kms.PutKeyPolicyAsync(new PutKeyPolicyRequest { KeyId = key, Policy = policy })));
    }

    private static string Policy(params string[] statements) =>
        $"{{'Version':'2012-10-17','Statement':[{string.Join(',', statements)}]}}".Replace('\'', '"');

    private static Task<EncryptResponse> EncryptAsync(AmazonKeyManagementServiceClient kms, string key) => kms.EncryptAsync(new EncryptRequest
    {
        KeyId = key,
        Plaintext = new MemoryStream([1]),
        EncryptionContext = new() { ["app"] = "payroll", ["owner"] = "administrator" },
    });

    private static async Task<string?> ErrorOf(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (AmazonKeyManagementServiceException e)
        {
            return e.ErrorCode;
        }
    }
}
