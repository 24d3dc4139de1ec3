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
    [InlineData("{'Service':'logs.eu-west-1.amazonaws.com'}", false)]
    [InlineData("{'Service':['logs.amazonaws.com'],'AWS':'arn:aws:iam::111122223333:role/app'}", true)]
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
    [InlineData("['arn:aws:kms:us-east-1:111122223333:key/*','*']", true)]
    // A wildcard does not reach over a colon.
    [InlineData("'arn:aws:kms:*:*:key/*'", true)]
    [InlineData("'arn:aws:kms:eu*333:key:x/*'", false)]
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
    // Numbers.
    [InlineData("{'NumericEquals':{'aws:MultiFactorAuthAge':'300.0'}}", true)]
    [InlineData("{'NumericEquals':{'aws:MultiFactorAuthAge':300}}", true)]
    [InlineData("{'NumericEquals':{'aws:MultiFactorAuthAge':[1,2]}}", false)]
    [InlineData("{'NumericNotEquals':{'aws:MultiFactorAuthAge':['1','300']}}", false)]
    [InlineData("{'NumericLessThan':{'aws:MultiFactorAuthAge':'300'}}", false)]
    [InlineData("{'NumericLessThanEquals':{'aws:MultiFactorAuthAge':'300'}}", true)]
    [InlineData("{'NumericGreaterThan':{'aws:MultiFactorAuthAge':'-1'}}", true)]
    [InlineData("{'NumericGreaterThanEquals':{'aws:MultiFactorAuthAge':'300.1'}}", false)]
    [InlineData("{'NumericLessThan':{'aws:EpochTime':'1772366401'}}", true)]
    // Dates, in both forms and time zones.
    [InlineData("{'DateEquals':{'aws:CurrentTime':'2026-03-01T13:00:00+01:00'}}", true)]
    [InlineData("{'DateNotEquals':{'aws:CurrentTime':'1772366400'}}", false)]
    [InlineData("{'DateLessThan':{'aws:CurrentTime':'2026-03-01T12:00:00.001Z'}}", true)]
    [InlineData("{'DateLessThan':{'aws:CurrentTime':'2026-03-01T12:00Z'}}", false)]
    [InlineData("{'DateLessThanEquals':{'aws:CurrentTime':'2026-03-01T12:00Z'}}", true)]
    [InlineData("{'DateGreaterThan':{'aws:CurrentTime':'2026-03-01'}}", true)]
    [InlineData("{'DateGreaterThan':{'aws:CurrentTime':'2026-04'}}", false)]
    [InlineData("{'DateGreaterThanEquals':{'aws:EpochTime':'2026-03-01T12:00:00Z'}}", true)]
    [InlineData("{'DateGreaterThan':{'aws:TokenIssueTime':'2020-01-01'}}", false)]
    // Addresses.
    [InlineData("{'IpAddress':{'aws:SourceIp':'203.0.113.0/24'}}", true)]
    [InlineData("{'IpAddress':{'aws:SourceIp':'203.0.113.77'}}", true)]
    [InlineData("{'IpAddress':{'aws:SourceIp':'203.0.113.76/31'}}", true)]
    [InlineData("{'IpAddress':{'aws:SourceIp':'203.0.113.78/31'}}", false)]
    [InlineData("{'IpAddress':{'aws:SourceIp':['2001:db8::/32','203.0.0.0/8']}}", true)]
    [InlineData("{'IpAddress':{'aws:SourceIp':'::/0'}}", false)]
    [InlineData("{'IpAddress':{'aws:VpcSourceIp':'2001:DB8::1:0/112'}}", true)]
    [InlineData("{'NotIpAddress':{'aws:SourceIp':['10.0.0.0/8','203.0.113.0/24']}}", false)]
    [InlineData("{'NotIpAddress':{'aws:SourceIp':'10.0.0.0/8'}}", true)]
    // ARNs: part by part.
    [InlineData("{'ArnEquals':{'aws:PrincipalArn':'arn:aws:iam::111122223333:role/*'}}", true)]
    [InlineData("{'ArnLike':{'aws:PrincipalArn':'arn:aws:iam::*:role/ap?'}}", true)]
    [InlineData("{'ArnLike':{'aws:PrincipalArn':'arn:aws:iam:*:role/app:*'}}", false)]
    [InlineData("{'ArnNotLike':{'aws:PrincipalArn':'arn:aws:iam::111122223333:role/app'}}", false)]
    [InlineData("{'ArnNotEquals':{'aws:PrincipalArn':'arn:aws:iam::999922223333:role/app'}}", true)]
    [InlineData("{'ArnLike':{'kms:EncryptionContext:aws:logs:arn':'arn:aws:logs:*:111122223333:*'}}", true)]
    [InlineData("{'ArnLike':{'kms:EncryptionContext:app':'arn:aws:logs:*:111122223333:*'}}", false)]
    [InlineData("{'ArnLike':{'aws:SourceArn':'arn:aws:logs:*:111122223333:*'}}", false)]
    // Sets.
    [InlineData("{'ForAnyValue:StringEquals':{'kms:EncryptionContextKeys':['app','other']}}", true)]
    [InlineData("{'ForAnyValue:StringEquals':{'kms:EncryptionContextKeys':'App'}}", false)]
    [InlineData("{'ForAnyValue:StringNotEquals':{'kms:EncryptionContextKeys':['app','pattern']}}", true)]
    [InlineData("{'ForAnyValue:StringNotLike':{'kms:EncryptionContextKeys':'*'}}", false)]
    [InlineData("{'ForAllValues:StringEquals':{'kms:EncryptionContextKeys':['app','pattern','aws:logs:arn','more']}}", true)]
    [InlineData("{'ForAllValues:StringEquals':{'kms:EncryptionContextKeys':['app','pattern']}}", false)]
    [InlineData("{'ForAllValues:StringNotEquals':{'kms:EncryptionContextKeys':'other'}}", true)]
    [InlineData("{'ForAllValues:StringNotEquals':{'kms:EncryptionContextKeys':'app'}}", false)]
    [InlineData("{'ForAnyValue:StringEquals':{'kms:EncryptionContext:app':'payroll'}}", true)]
    [InlineData("{'ForAllValues:StringEquals':{'aws:userid':'x'}}", false)]
    // Sets that the request lacks.
    [InlineData("{'ForAllValues:StringEquals':{'aws:TagKeys':'x'}}", true)]
    [InlineData("{'ForAnyValue:StringEquals':{'aws:TagKeys':'x'}}", false)]
    [InlineData("{'ForAnyValue:StringNotEquals':{'aws:TagKeys':'x'}}", false)]
    [InlineData("{'ForAnyValue:StringEqualsIfExists':{'aws:TagKeys':'x'}}", true)]
    [InlineData("{'Null':{'aws:TagKeys':true,'kms:EncryptionContextKeys':false}}", true)]
    // Variables, whose values are never patterns.
    [InlineData("{'StringEquals':{'aws:PrincipalArn':'arn:aws:iam::${kms:CallerAccount}:role/app'}}", true)]
    [InlineData("{'ArnLike':{'aws:PrincipalArn':'arn:aws:iam::${KMS:calleraccount}:role/*'}}", true)]
    [InlineData("{'StringLike':{'kms:EncryptionContext:app':'${kms:EncryptionContext:pattern}'}}", false)]
    [InlineData("{'StringLike':{'kms:EncryptionContext:pattern':'${kms:EncryptionContext:pattern}'}}", true)]
    [InlineData("{'StringLike':{'kms:EncryptionContext:pattern':'pa?${*}'}}", true)]
    [InlineData("{'StringLike':{'kms:EncryptionContext:app':'pay${*}'}}", false)]
    [InlineData("{'StringEquals':{'kms:EncryptionContext:app':'${aws:username, \\u0027payroll\\u0027}'}}", true)]
    [InlineData("{'StringEquals':{'kms:EncryptionContext:app':['payroll','${aws:username}']}}", false)]
    [InlineData("{'StringNotEquals':{'kms:EncryptionContext:app':'${aws:username}'}}", false)]
    [InlineData("{'StringEqualsIfExists':{'kms:EncryptionContext:user':'${aws:username}'}}", true)]
    // Nothing asked, nothing refused.
    [InlineData("{}", true)]
    public void Evaluate_condition_decidesWhetherTheStatementApplies(string condition, bool applies)
    {
        AssertDecision(applies, Role, Statement("Allow", condition: condition));

        AuthorizationDecision denial = Evaluate(Role, Statement("Allow"), Statement("Deny", condition: condition));
        Assert.Equal(applies ? AuthorizationDecision.Denied : AuthorizationDecision.Allowed, denial);
    }

    [Theory]
    [InlineData("2012-10-17", "arn:aws:kms:eu-west-1:111122223333:key/${aws:username, 'x'}", false)]
    [InlineData("2012-10-17", "arn:aws:kms:eu-west-1:111122223333:${aws:SecureTransport}*", false)]
    [InlineData("2012-10-17", "arn:aws:kms:eu-west-1:111122223333:key/${aws:username}", null)]
    [InlineData("2008-10-17", "arn:aws:kms:eu-west-1:111122223333:key/${aws:username}", false)]
    public void Evaluate_resourceWithVariables_needsTheirValues(string version, string resource, bool? matches)
    {
        AuthorizationDecision decide(string element) => PolicyEvaluator.Evaluate(
            PolicyParser.Parse($$$"""{"Version":"{{{version}}}","Statement":{"Effect":"Allow","Principal":"*","Action":"*","{{{element}}}":["{{{resource}}}"]}}"""),
            new AuthorizationRequest(Role, "kms:Decrypt", KeyArn, RequestContexts.Of(new() { ["aws:SecureTransport"] = "true" })));

        Assert.Equal(matches == true, decide("Resource") == AuthorizationDecision.Allowed);
        Assert.Equal(matches == false, decide("NotResource") == AuthorizationDecision.Allowed);
    }

    [Fact]
    public void Evaluate_variablesWithoutTheirVersion_areText()
    {
        const string Text = "${kms:CallerAccount}";
        AuthorizationDecision decide(string version) => PolicyEvaluator.Evaluate(
            PolicyParser.Parse("{" + version + "\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Resource\":\"*\","
                + "\"Condition\":{\"StringEquals\":{\"kms:EncryptionContext:app\":\"" + Text + "\"}}}}"),
            new AuthorizationRequest(Role, "kms:Decrypt", KeyArn, RequestContexts.Of(new() { ["kms:EncryptionContext:app"] = Text })));

        Assert.Equal(AuthorizationDecision.Allowed, decide(""));
        Assert.Equal(AuthorizationDecision.Allowed, decide("\"Version\":\"2008-10-17\","));
        Assert.Equal(AuthorizationDecision.NotAllowed, decide("\"Version\":\"2012-10-17\","));
    }

    [Theory]
    [InlineData("'NotAction':'kms:Decrypt'", false)]
    [InlineData("'NotAction':['kms:Encrypt','kms:Re*']", true)]
    [InlineData("'NotAction':['kms:Encrypt','KMS:D*']", false)]
    [InlineData("'NotAction':'*'", false)]
    [InlineData("'NotResource':'*'", false, "'Action':'*'")]
    [InlineData("'NotResource':'arn:aws:kms:*:111122223333:key/*'", false, "'Action':'*'")]
    [InlineData("'NotResource':'arn:aws:kms:us-east-1:111122223333:key/*'", true, "'Action':'*'")]
    public void Evaluate_negatedElement_appliesToTheRest(string element, bool applies, string other = "'Resource':'*'")
    {
        string statement(string effect) => $"{{'Effect':'{effect}','Principal':'*',{element},{other}}}".Replace('\'', '"');

        Assert.Equal(applies ? AuthorizationDecision.Allowed : AuthorizationDecision.NotAllowed, Evaluate(Role, statement("Allow")));
        Assert.Equal(applies ? AuthorizationDecision.Denied : AuthorizationDecision.Allowed, Evaluate(Role, Statement("Allow"), statement("Deny")));
    }

    // A caller is exempt only where the account, the role and the session are all listed.
    [Theory]
    [InlineData("'111122223333','arn:aws:iam::111122223333:role/app','arn:aws:sts::111122223333:assumed-role/app/session-1'", false, true)]
    [InlineData("'arn:aws:iam::111122223333:root','arn:aws:iam::111122223333:role/app','arn:aws:sts::111122223333:assumed-role/app/session-1'", false, true)]
    [InlineData("'111122223333','arn:aws:iam::111122223333:role/app','arn:aws:sts::111122223333:assumed-role/app/session-2'", true, true)]
    [InlineData("'111122223333','arn:aws:iam::111122223333:role/app'", true, true)]
    [InlineData("'arn:aws:iam::111122223333:role/app','arn:aws:sts::111122223333:assumed-role/app/session-1'", true, true)]
    [InlineData("'111122223333','arn:aws:iam::111122223333:user/administrator'", true, false)]
    [InlineData("'arn:aws:iam::111122223333:user/administrator'", true, true)]
    [InlineData("'111122223333'", true, true)]
    [InlineData("'*'", false, false)]
    public void Evaluate_notPrincipal_exemptsTheWholeChainOnly(string principals, bool deniesRole, bool deniesAdministrator)
    {
        string deny = $"{{'Effect':'Deny','NotPrincipal':{{'AWS':[{principals}],'Service':'logs.amazonaws.com'}},'Action':'*','Resource':'*'}}".Replace('\'', '"');

        Assert.Equal(deniesRole, Evaluate(Role, Statement("Allow"), deny) == AuthorizationDecision.Denied);
        Assert.Equal(deniesAdministrator, Evaluate(Administrator, Statement("Allow"), deny) == AuthorizationDecision.Denied);
    }

    // KMS developer guide, "AWS KMS condition keys for attested platforms": the account's statement without Decrypt.
    [Theory]
    [InlineData("kms:Decrypt", false)]
    [InlineData("kms:Encrypt", true)]
    [InlineData("kms:PutKeyPolicy", true)]
    public void Evaluate_accountWithoutDecrypt_leavesTheRestToIam(string action, bool isAllowed) => Assert.Equal(
        isAllowed,
        EvaluateAction(Administrator, action, "{'Effect':'Allow','Principal':{'AWS':'111122223333'},'NotAction':'kms:Decrypt','Resource':'*'}".Replace('\'', '"'))
            == AuthorizationDecision.Allowed);

    // The Deny form of the same idea: without the image, nothing but administration.
    [Theory]
    [InlineData(Pcr0, "kms:Decrypt", false)]
    [InlineData(Pcr8, "kms:Decrypt", true)]
    [InlineData(Pcr8, "kms:GenerateDataKey", true)]
    [InlineData(Pcr8, "kms:PutKeyPolicy", false)]
    public void Evaluate_denyUnlessAttested_sparesWhatNotActionLists(string image, string action, bool isDenied)
    {
        string deny = ("{'Effect':'Deny','Principal':'*','NotAction':['kms:Describe*','kms:PutKeyPolicy'],'Resource':'*',"
            + "'Condition':{'StringNotEqualsIgnoreCase':{'kms:RecipientAttestation:ImageSha384':'" + image + "'}}}").Replace('\'', '"');

        AuthorizationDecision decision = EvaluateAction(Role, action, Statement("Allow", action: "'kms:*'"), deny);

        Assert.Equal(isDenied ? AuthorizationDecision.Denied : AuthorizationDecision.Allowed, decision);
    }

    // KMS developer guide, "kms:EncryptionContext": one pair and no other.
    [Theory]
    [InlineData(true, "AppName=ExampleApp")]
    [InlineData(false, "AppName=ExampleApp", "Stage=Test")]
    [InlineData(false, "AppName=Other")]
    [InlineData(false, "appname=ExampleApp")]
    [InlineData(false)]
    public void Evaluate_contextWithExactKeys_allowsThatPairOnly(bool isAllowed, params string[] pairs)
    {
        var context = new RequestContext();
        context.SetMany("kms:EncryptionContextKeys", pairs.Select(pair => pair.Split('=')[0]));
        foreach (string pair in pairs)
        {
            context.Set("kms:EncryptionContext:" + pair.Split('=')[0], pair.Split('=')[1]);
        }

        string statement = Statement("Allow", condition:
            "{'StringEquals':{'kms:EncryptionContext:AppName':'ExampleApp'},'ForAllValues:StringEquals':{'kms:EncryptionContextKeys':['AppName']}}");

        AuthorizationDecision decision = PolicyEvaluator.Evaluate(Parse(statement), new AuthorizationRequest(Role, "kms:Decrypt", KeyArn, context));

        Assert.Equal(isAllowed, decision == AuthorizationDecision.Allowed);
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
        var request = new AuthorizationRequest(Administrator, "kms:Decrypt", KeyArn, new RequestContext());

        Assert.Equal(AuthorizationDecision.Denied, PolicyEvaluator.Evaluate(Parse(Statement("Allow"), deny), request));
    }

    private static void AssertDecision(bool isAllowed, AwsPrincipal principal, string statement) =>
        Assert.Equal(isAllowed ? AuthorizationDecision.Allowed : AuthorizationDecision.NotAllowed, Evaluate(principal, statement));

    private static AuthorizationDecision Evaluate(AwsPrincipal principal, params string[] statements) => EvaluateAction(principal, "kms:Decrypt", statements);

    private static AuthorizationDecision EvaluateAction(AwsPrincipal principal, string action, params string[] statements)
    {
        var context = new RequestContext();
        context.Set("kms:RecipientAttestation:ImageSha384", Pcr0);
        context.Set("kms:RecipientAttestation:PCR0", Pcr0);
        context.Set("kms:RecipientAttestation:PCR8", Pcr8);
        context.Set("kms:EncryptionContext:app", "payroll");
        context.Set("kms:EncryptionContext:pattern", "pay*");
        context.Set("kms:EncryptionContext:aws:logs:arn", "arn:aws:logs:eu-west-1:111122223333:log-group:app");
        context.SetMany("kms:EncryptionContextKeys", ["app", "pattern", "aws:logs:arn"]);
        context.Set("kms:CallerAccount", principal.AccountId);
        context.Set("aws:PrincipalArn", principal.PrincipalArn);
        context.Set("aws:userid", principal.UserId);
        context.Set("aws:username", principal.UserName);
        context.Set("aws:SecureTransport", "true");
        context.Set("aws:SourceIp", "203.0.113.77");
        context.Set("aws:VpcSourceIp", "2001:db8::1:2");
        context.Set("aws:CurrentTime", "2026-03-01T12:00:00Z");
        context.Set("aws:EpochTime", "1772366400");
        context.Set("aws:MultiFactorAuthAge", "300");
        return PolicyEvaluator.Evaluate(Parse(statements), new AuthorizationRequest(principal, action, KeyArn, context));
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
