using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Tests.Simulator.Iam.Policies;

public sealed class PolicyParserTests
{
    private const string Statement = "{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*'}";

    [Theory]
    [InlineData("{'Statement':" + Statement + "}")]
    [InlineData("{'Version':'2008-10-17','Id':'x','Statement':[" + Statement + "," + Statement + "]}")]
    [InlineData("{'Statement':{'Sid':'','Effect':'Deny','Principal':{'AWS':['111122223333']},'Action':['*'],'Resource':['*'],'Condition':{}}}")]
    [InlineData("{'Statement':{'Effect':'Deny','NotPrincipal':{'AWS':'*','Service':'logs.us-east-1.amazonaws.com'},'NotAction':'kms:*','NotResource':'*'}}")]
    [InlineData("{'Statement':{'Sid':'${','Effect':'Allow','Principal':'*','Action':'kms:De?rypt*','Resource':'arn:aws:kms:*:111122223333:key/*'},'Version':'2012-10-17'}")]
    public void Parse_policy_isAccepted(string policy) => Assert.NotEmpty(Parse(policy).Statements);

    [Fact]
    public void Parse_defaultPolicy_isAccepted() =>
        Assert.Single(PolicyParser.Parse(KeyPolicy.FormatDefault(new AwsAccount(AwsAccount.ExampleId, "us-east-1"))).Statements);

    [Theory]
    // No policy at all.
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{'Statement':[]}")]
    [InlineData("{'Statement':'x'}")]
    [InlineData("{'Statement':" + Statement + "} x")]
    [InlineData("{'Statement':" + Statement + ",}")]
    [InlineData("{'Statement':" + Statement + ",'Statement':" + Statement + "}")]
    [InlineData("{'Statement':" + Statement + ",'Extra':1}")]
    [InlineData("{'Version':'2012-10-18','Statement':" + Statement + "}")]
    [InlineData("{'Version':20121017,'Statement':" + Statement + "}")]
    // Statements that lack something, or have it in another form.
    [InlineData("{'Statement':{'Principal':'*','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*'}}")]
    [InlineData("{'Statement':{'Effect':'allow','Principal':'*','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Effect':'Deny','Principal':'*','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':[],'Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':[['kms:*']],'Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'s3:GetObject','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':7}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Comment':'x'}}")]
    // Elements and their opposites.
    [InlineData("{'Statement':{'Effect':'Allow','NotPrincipal':'*','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Deny','NotPrincipal':'*','Principal':'*','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','NotAction':'kms:*','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','NotResource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','NotAction':'s3:*','Resource':'*'}}")]
    [InlineData("{'Version':'2012-10-17','Statement':{'Effect':'Allow','Principal':'*','Action':'kms:${aws:username}','Resource':'*'}}")]
    // Resources that are no ARN of six parts, or have variables before the last.
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'key/x'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'arn:aws:kms:us-east-1:*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'a*:aws:kms:us-east-1:111122223333:key/x'}}")]
    [InlineData("{'Version':'2012-10-17','Statement':{'Effect':'Allow','Principal':'*','Action':'*','Resource':'arn:aws:kms:*:${aws:PrincipalAccount}:key/x'}}")]
    [InlineData("{'Version':'2012-10-17','Statement':{'Effect':'Allow','Principal':'*','Action':'*','Resource':'${kms:RequestAlias}'}}")]
    // Principals.
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'arn:aws:iam::111122223333:root','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'AWS':[]},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'Service':'*'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'Service':'ec2'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'Federated':'cognito-identity.amazonaws.com'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'CanonicalUser':'79a5'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'AWS':'arn:aws:sts::111122223333:assumed-role/app/*'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:role/*'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'AWS':'role/app'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'AWS':'11112222333'},'Action':'kms:*','Resource':'*'}}")]
    // Too deep, no Unicode.
    [InlineData("{'Statement':[[[[[[[[[[1]]]]]]]]]]}")]
    [InlineData("{'Id':'\\ud800','Statement':" + Statement + "}")]
    public void Parse_whatIsNoPolicyOrUnknown_isRefused(string policy) => Assert.Throws<PolicyFormatException>(() => Parse(policy));

    [Theory]
    // Form.
    [InlineData("[]")]
    [InlineData("{'StringEquals':'x'}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':[]}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':{}}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':null}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'x','kms:KeySpec':'y'}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'x','KMS:keyspec':'y'}}")]
    // Operators.
    [InlineData("{'stringequals':{'kms:KeySpec':'x'}}")]
    [InlineData("{'BinaryEquals':{'kms:KeySpec':'eA=='}}")]
    [InlineData("{'NotBool':{'aws:SecureTransport':'true'}}")]
    [InlineData("{'NumericNotLessThan':{'aws:EpochTime':'1'}}")]
    [InlineData("{'NullIfExists':{'kms:KeySpec':'true'}}")]
    [InlineData("{'ForAnyValue:Null':{'aws:TagKeys':'true'}}")]
    [InlineData("{'ForSomeValue:StringEquals':{'aws:TagKeys':'x'}}")]
    [InlineData("{'ForAnyValue:ForAllValues:StringEquals':{'aws:TagKeys':'x'}}")]
    [InlineData("{'StringEqualsIfExistsIfExists':{'kms:KeySpec':'x'}}")]
    // Keys.
    [InlineData("{'StringEquals':{'keyword':'x'}}")]
    [InlineData("{'StringEquals':{'kms:x':'y'}}")]
    [InlineData("{'StringEquals':{'aws:PrincipalTag':'y'}}")]
    [InlineData("{'StringEquals':{'kms:EncryptionContext:':'y'}}")]
    [InlineData("{'StringEquals':{'kms:RecipientAttestation:PCR32':'y'}}")]
    [InlineData("{'StringEquals':{'kms:RecipientAttestation:PCR00':'y'}}")]
    [InlineData("{'StringEquals':{'kms:RecipientAttestation:ImageSha256':'y'}}")]
    [InlineData("{'Null':{'kms:Unheard':'true'}}")]
    // Types.
    [InlineData("{'NumericEquals':{'kms:EncryptionContext:level':'1'}}")]
    [InlineData("{'DateLessThan':{'kms:KeySpec':'2026-01-01'}}")]
    [InlineData("{'StringLike':{'aws:CurrentTime':'2026*'}}")]
    [InlineData("{'StringEquals':{'aws:MultiFactorAuthAge':'1'}}")]
    [InlineData("{'Bool':{'kms:KeySpec':'true'}}")]
    [InlineData("{'IpAddress':{'aws:userid':'10.0.0.1'}}")]
    [InlineData("{'ArnLike':{'aws:SourceIp':'arn:aws:iam::111122223333:role/x'}}")]
    // Sets.
    [InlineData("{'StringEquals':{'kms:EncryptionContextKeys':'x'}}")]
    [InlineData("{'StringNotEqualsIfExists':{'aws:TagKeys':'x'}}")]
    [InlineData("{'ForAllValues:StringEquals':{'kms:EncryptionContext:app':'x'}}")]
    [InlineData("{'ForAllValues:StringLike':{'aws:RequestTag/team':'x'}}")]
    // Values.
    [InlineData("{'Bool':{'aws:SecureTransport':'yes'}}")]
    [InlineData("{'Null':{'kms:KeySpec':'x'}}")]
    [InlineData("{'NumericEquals':{'aws:EpochTime':'x'}}")]
    [InlineData("{'NumericEquals':{'aws:EpochTime':'1e3'}}")]
    [InlineData("{'NumericEquals':{'aws:EpochTime':1e3}}")]
    [InlineData("{'NumericEquals':{'aws:EpochTime':'12345678901234567890'}}")]
    [InlineData("{'DateEquals':{'aws:CurrentTime':'2026'}}")]
    [InlineData("{'DateEquals':{'aws:CurrentTime':'2026-13-01'}}")]
    [InlineData("{'DateEquals':{'aws:CurrentTime':'2026-02-30T00:00:00Z'}}")]
    [InlineData("{'DateEquals':{'aws:CurrentTime':'2026-02-20T00:00:00'}}")]
    [InlineData("{'DateEquals':{'aws:CurrentTime':'2026-02-*'}}")]
    [InlineData("{'DateEquals':{'aws:CurrentTime':'999999999999'}}")]
    [InlineData("{'IpAddress':{'aws:SourceIp':'10.0.0'}}")]
    [InlineData("{'IpAddress':{'aws:SourceIp':'010.0.0.1'}}")]
    [InlineData("{'IpAddress':{'aws:SourceIp':'10.0.0.0/33'}}")]
    [InlineData("{'IpAddress':{'aws:SourceIp':'10.0.0.*'}}")]
    [InlineData("{'IpAddress':{'aws:SourceIp':'2001:db8::/129'}}")]
    [InlineData("{'IpAddress':{'aws:SourceIp':'fe80::1%1'}}")]
    [InlineData("{'IpAddress':{'aws:SourceIp':'::ffff:10.0.0.1'}}")]
    [InlineData("{'ArnLike':{'aws:PrincipalArn':'*'}}")]
    [InlineData("{'ArnLike':{'aws:PrincipalArn':'arn:aws:iam::111122223333'}}")]
    // Variables.
    [InlineData("{'StringEquals':{'kms:KeySpec':'${aws:username'}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'${}'}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'${ aws:username }'}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'${aws:nobody}'}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'${aws:TagKeys}'}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'${${aws:username}}'}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'${aws:username,\\u0027x\\u0027}'}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'${aws:username, x}'}}")]
    [InlineData("{'StringEquals':{'kms:KeySpec':'${aws:username, \\u0027*\\u0027}'}}")]
    [InlineData("{'Bool':{'aws:SecureTransport':'${aws:ViaAWSService}'}}")]
    [InlineData("{'NumericEquals':{'aws:EpochTime':'${aws:EpochTime}'}}")]
    public void Parse_conditionThatIsMalformedOrUnknown_isRefused(string condition) => Assert.Throws<PolicyFormatException>(() => Parse(
        "{'Version':'2012-10-17','Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':" + condition + "}}"));

    private static PolicyDocument Parse(string policy) => PolicyParser.Parse(policy.Replace('\'', '"'));
}
