using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Tests.Simulator.Iam.Policies;

public sealed class PolicyEvaluatorTests
{
    private const string Pcr0 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    private const string Pcr8 = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f";

    private static readonly AwsAccount Account = new(AwsAccount.ExampleId, "eu-west-1");
    private static readonly AwsPrincipal Administrator = AwsPrincipal.Administrator(Account);
    private static readonly AwsPrincipal Role = AwsPrincipal.RoleSession(Account, "app", "session-1");
    private static readonly string KeyArn = Account.KeyArn("12345678-1234-1234-1234-123456789012");

    [Theory]
    // Who.
    [InlineData("*", true)]
    [InlineData("{'AWS':'*'}", true)]
    [InlineData("{'AWS':'arn:aws:iam::111122223333:role/app'}", true)]
    [InlineData("{'AWS':'arn:aws:sts::111122223333:assumed-role/app/session-1'}", true)]
    [InlineData("{'AWS':'arn:aws:sts::111122223333:assumed-role/app/session-2'}", false)]
    [InlineData("{'AWS':'arn:aws:iam::111122223333:role/App'}", false)]
    [InlineData("{'AWS':'arn:aws:iam::999922223333:role/app'}", false)]
    [InlineData("{'AWS':['arn:aws:iam::111122223333:user/other','arn:aws:iam::111122223333:role/app']}", true)]
    // The account delegates to IAM, which allows a role nothing.
    [InlineData("{'AWS':'arn:aws:iam::111122223333:root'}", false)]
    [InlineData("{'AWS':'111122223333'}", false)]
    public void Evaluate_allowingPrincipal_includesTheRole(string principal, bool isAllowed) =>
        AssertDecision(isAllowed, Role, Statement("Allow", principal: principal));

    [Theory]
    [InlineData("{'AWS':'arn:aws:iam::111122223333:root'}", true)]
    [InlineData("{'AWS':'111122223333'}", true)]
    [InlineData("{'AWS':'999922223333'}", false)]
    [InlineData("{'AWS':'arn:aws:iam::111122223333:user/administrator'}", true)]
    public void Evaluate_allowingPrincipal_includesTheAdministrator(string principal, bool isAllowed) =>
        AssertDecision(isAllowed, Administrator, Statement("Allow", principal: principal));

    [Theory]
    [InlineData("'kms:Decrypt'", true)]
    [InlineData("'kms:decrypt'", true)]
    [InlineData("'KMS:DECRYPT'", true)]
    [InlineData("'kms:*'", true)]
    [InlineData("'*'", true)]
    [InlineData("'kms:De*'", true)]
    [InlineData("'kms:Decryp?'", true)]
    [InlineData("'kms:Encrypt'", false)]
    [InlineData("['kms:Encrypt','kms:Decrypt']", true)]
    [InlineData("['kms:Encrypt','kms:Describe*']", false)]
    public void Evaluate_action_matchesWithoutCase(string action, bool isAllowed) =>
        AssertDecision(isAllowed, Role, Statement("Allow", action: action));

    [Theory]
    [InlineData("'*'", true)]
    [InlineData("'arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012'", true)]
    [InlineData("'arn:aws:kms:eu-west-1:111122223333:key/*'", true)]
    [InlineData("'arn:aws:kms:*:111122223333:key/*'", true)]
    [InlineData("'arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000'", false)]
    [InlineData("['arn:aws:kms:us-east-1:*','*']", true)]
    public void Evaluate_resource_matchesTheKey(string resource, bool isAllowed) =>
        AssertDecision(isAllowed, Role, Statement("Allow", resource: resource));

    [Theory]
    // The image, in any case.
    [InlineData("{'StringEqualsIgnoreCase':{'kms:RecipientAttestation:ImageSha384':'" + Pcr0 + "'}}", true)]
    [InlineData("{'StringEqualsIgnoreCase':{'kms:RecipientAttestation:PCR0':'00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF'}}", true)]
    [InlineData("{'StringEqualsIgnoreCase':{'KMS:recipientattestation:pcr0':'" + Pcr0 + "'}}", true)]
    [InlineData("{'StringEqualsIgnoreCase':{'kms:RecipientAttestation:PCR0':'" + Pcr8 + "'}}", false)]
    [InlineData("{'StringEqualsIgnoreCase':{'kms:RecipientAttestation:PCR0':['" + Pcr8 + "','" + Pcr0 + "']}}", true)]
    // Case matters here.
    [InlineData("{'StringEquals':{'kms:RecipientAttestation:PCR0':'" + Pcr0 + "'}}", true)]
    [InlineData("{'StringEquals':{'kms:RecipientAttestation:PCR0':'00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF'}}", false)]
    // All keys and all operators must hold.
    [InlineData("{'StringEquals':{'kms:RecipientAttestation:PCR0':'" + Pcr0 + "','kms:RecipientAttestation:PCR8':'" + Pcr8 + "'}}", true)]
    [InlineData("{'StringEquals':{'kms:RecipientAttestation:PCR0':'" + Pcr0 + "','kms:RecipientAttestation:PCR8':'" + Pcr0 + "'}}", false)]
    [InlineData("{'StringEquals':{'kms:RecipientAttestation:PCR0':'" + Pcr0 + "'},'StringLike':{'kms:EncryptionContext:app':'nothing*'}}", false)]
    // A PCR the document does not have.
    [InlineData("{'StringEqualsIgnoreCase':{'kms:RecipientAttestation:PCR1':'" + Pcr0 + "'}}", false)]
    [InlineData("{'StringEqualsIgnoreCaseIfExists':{'kms:RecipientAttestation:PCR1':'" + Pcr0 + "'}}", true)]
    [InlineData("{'StringEqualsIfExists':{'kms:RecipientAttestation:PCR0':'" + Pcr8 + "'}}", false)]
    [InlineData("{'StringNotEquals':{'kms:RecipientAttestation:PCR1':'" + Pcr0 + "'}}", true)]
    [InlineData("{'StringNotEqualsIgnoreCase':{'kms:RecipientAttestation:PCR1':'" + Pcr0 + "'}}", true)]
    [InlineData("{'StringLike':{'kms:RecipientAttestation:PCR1':'*'}}", false)]
    [InlineData("{'StringNotLike':{'kms:RecipientAttestation:PCR1':'*'}}", true)]
    [InlineData("{'Null':{'kms:RecipientAttestation:PCR1':'true'}}", true)]
    [InlineData("{'Null':{'kms:RecipientAttestation:PCR1':true}}", true)]
    [InlineData("{'Null':{'kms:RecipientAttestation:PCR1':'false'}}", false)]
    [InlineData("{'Null':{'kms:RecipientAttestation:PCR0':'false'}}", true)]
    [InlineData("{'Null':{'kms:RecipientAttestation:PCR0':'true'}}", false)]
    // Negation: none of the values may match.
    [InlineData("{'StringNotEquals':{'kms:RecipientAttestation:PCR0':'" + Pcr8 + "'}}", true)]
    [InlineData("{'StringNotEquals':{'kms:RecipientAttestation:PCR0':['" + Pcr8 + "','" + Pcr0 + "']}}", false)]
    [InlineData("{'StringNotEqualsIgnoreCase':{'kms:RecipientAttestation:PCR0':'00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF'}}", false)]
    [InlineData("{'StringNotEqualsIfExists':{'kms:RecipientAttestation:PCR0':'" + Pcr0 + "'}}", false)]
    [InlineData("{'StringNotLike':{'kms:EncryptionContext:app':'pay*'}}", false)]
    // Patterns.
    [InlineData("{'StringLike':{'kms:EncryptionContext:app':'pay*'}}", true)]
    [InlineData("{'StringLike':{'kms:EncryptionContext:app':'Pay*'}}", false)]
    [InlineData("{'StringLike':{'kms:EncryptionContext:app':['a*','*ro?l']}}", true)]
    // The encryption context, the caller.
    [InlineData("{'StringEquals':{'kms:EncryptionContext:app':'payroll'}}", true)]
    [InlineData("{'StringEquals':{'kms:EncryptionContext:APP':'payroll'}}", true)]
    [InlineData("{'StringEquals':{'kms:EncryptionContext:other':'payroll'}}", false)]
    [InlineData("{'StringEquals':{'kms:CallerAccount':'111122223333'}}", true)]
    [InlineData("{'StringEquals':{'kms:CallerAccount':'999922223333'}}", false)]
    [InlineData("{'StringEquals':{'aws:PrincipalArn':'arn:aws:iam::111122223333:role/app'}}", true)]
    [InlineData("{'StringEquals':{'kms:ViaService':'ec2.eu-west-1.amazonaws.com'}}", false)]
    [InlineData("{'StringNotEquals':{'kms:ViaService':'ec2.eu-west-1.amazonaws.com'}}", true)]
    // Booleans.
    [InlineData("{'Bool':{'aws:SecureTransport':'true'}}", true)]
    [InlineData("{'Bool':{'aws:SecureTransport':'True'}}", true)]
    [InlineData("{'Bool':{'aws:SecureTransport':false}}", false)]
    [InlineData("{'Bool':{'aws:MultiFactorAuthPresent':'true'}}", false)]
    [InlineData("{'BoolIfExists':{'aws:MultiFactorAuthPresent':'true'}}", true)]
    // Nothing asked, nothing refused.
    [InlineData("{}", true)]
    public void Evaluate_condition_decidesWhetherTheStatementApplies(string condition, bool applies)
    {
        AssertDecision(applies, Role, Statement("Allow", condition: condition));

        AuthorizationDecision denial = Evaluate(Role, Statement("Allow"), Statement("Deny", condition: condition));
        Assert.Equal(applies ? AuthorizationDecision.Denied : AuthorizationDecision.Allowed, denial);
    }

    [Fact]
    public void Evaluate_noStatementApplies_isNotAllowed() =>
        Assert.Equal(AuthorizationDecision.NotAllowed, Evaluate(Role, Statement("Allow", action: "'kms:Encrypt'"), Statement("Deny", action: "'kms:Encrypt'")));

    [Fact]
    public void Evaluate_denyBeforeOrAfterAllow_isDenied()
    {
        Assert.Equal(AuthorizationDecision.Denied, Evaluate(Role, Statement("Deny"), Statement("Allow")));
        Assert.Equal(AuthorizationDecision.Denied, Evaluate(Role, Statement("Allow"), Statement("Deny")));
    }

    [Theory]
    [InlineData("{'AWS':'arn:aws:iam::111122223333:root'}", true)]
    [InlineData("{'AWS':'arn:aws:iam::111122223333:role/app'}", true)]
    [InlineData("{'AWS':'arn:aws:iam::111122223333:role/other'}", false)]
    [InlineData("*", true)]
    public void Evaluate_denyingPrincipal_includesEveryoneOfTheAccount(string principal, bool isDenied) =>
        Assert.Equal(
            isDenied ? AuthorizationDecision.Denied : AuthorizationDecision.Allowed,
            Evaluate(Role, Statement("Allow"), Statement("Deny", principal: principal)));

    [Fact]
    public void Evaluate_denyUnlessAttested_deniesTheAdministratorWithoutAttestation()
    {
        // The Deny form that protects a key from its own administrators.
        string deny = Statement("Deny", condition: "{'StringNotEqualsIgnoreCase':{'kms:RecipientAttestation:ImageSha384':'" + Pcr0 + "'}}");
        AuthorizationRequest request = new(Administrator, "kms:Decrypt", KeyArn, new Dictionary<string, string>());

        Assert.Equal(AuthorizationDecision.Denied, PolicyEvaluator.Evaluate(Parse(Statement("Allow"), deny), request));
    }

    private static void AssertDecision(bool isAllowed, AwsPrincipal principal, string statement) =>
        Assert.Equal(isAllowed ? AuthorizationDecision.Allowed : AuthorizationDecision.NotAllowed, Evaluate(principal, statement));

    private static AuthorizationDecision Evaluate(AwsPrincipal principal, params string[] statements)
    {
        Dictionary<string, string> keys = new(StringComparer.OrdinalIgnoreCase)
        {
            ["kms:RecipientAttestation:ImageSha384"] = Pcr0,
            ["kms:RecipientAttestation:PCR0"] = Pcr0,
            ["kms:RecipientAttestation:PCR8"] = Pcr8,
            ["kms:EncryptionContext:app"] = "payroll",
            ["kms:CallerAccount"] = principal.AccountId,
            ["aws:PrincipalArn"] = principal.PrincipalArn,
            ["aws:SecureTransport"] = "true",
        };
        return PolicyEvaluator.Evaluate(Parse(statements), new AuthorizationRequest(principal, "kms:Decrypt", KeyArn, keys));
    }

    private static PolicyDocument Parse(params string[] statements) =>
        PolicyParser.Parse($$"""{"Version":"2012-10-17","Statement":[{{string.Join(',', statements)}}]}""");

    private static string Statement(
        string effect, string principal = "*", string action = "'kms:Decrypt'", string resource = "'*'", string condition = "{}")
    {
        string who = principal == "*" ? "'*'" : principal;
        return $"{{'Effect':'{effect}','Principal':{who},'Action':{action},'Resource':{resource},'Condition':{condition}}}".Replace('\'', '"');
    }
}
