using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Tests.Simulator.Iam.Policies;

public sealed class PolicyParserTests
{
    private const string Statement = "{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*'}";

    [Theory]
    [InlineData("{'Statement':" + Statement + "}")]
    [InlineData("{'Version':'2008-10-17','Id':'x','Statement':[" + Statement + "," + Statement + "]}")]
    [InlineData("{'Statement':{'Sid':'','Effect':'Deny','Principal':{'AWS':['111122223333']},'Action':['*'],'Resource':['*'],'Condition':{}}}")]
    public void Parse_policy_isAccepted(string policy) => Assert.NotEmpty(Parse(policy).Statements);

    [Fact]
    public void Parse_defaultPolicy_isAccepted() =>
        Assert.Single(PolicyParser.Parse(DefaultKeyPolicy.For(new AwsAccount(AwsAccount.ExampleId, "us-east-1"))).Statements);

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
    [InlineData("{'Statement':{'Effect':'Allow','NotPrincipal':'*','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','NotAction':'kms:*','Resource':'*'}}")]
    // Principals.
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'arn:aws:iam::111122223333:root','Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'AWS':[]},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'Service':'ec2.amazonaws.com'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'AWS':'arn:aws:iam::111122223333:role/*'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'AWS':'role/app'},'Action':'kms:*','Resource':'*'}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':{'AWS':'11112222333'},'Action':'kms:*','Resource':'*'}}")]
    // Conditions.
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':[]}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'StringEquals':'x'}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'StringEquals':{'kms:x':[]}}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'StringEquals':{'kms:x':{}}}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'StringEquals':{'keyword':'x'}}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'stringequals':{'kms:x':'y'}}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'ForAnyValue:StringEquals':{'kms:x':'y'}}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'ForAllValues:StringEquals':{'kms:x':'y'}}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'NullIfExists':{'kms:x':'true'}}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'Bool':{'aws:SecureTransport':'yes'}}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'NumericEquals':{'kms:x':'1'}}}}")]
    [InlineData("{'Statement':{'Effect':'Allow','Principal':'*','Action':'kms:*','Resource':'*','Condition':{'StringEquals':{'kms:x':'${aws:username}'}}}}")]
    // Too deep, no Unicode.
    [InlineData("{'Statement':[[[[[[[[[[1]]]]]]]]]]}")]
    [InlineData("{'Id':'\\ud800','Statement':" + Statement + "}")]
    public void Parse_whatIsNoPolicyOrUnknown_isRefused(string policy) => Assert.Throws<PolicyFormatException>(() => Parse(policy));

    [Fact]
    public void Parse_size_isBounded()
    {
        string Policy(int padding) => $$"""{"Id":"{{new string('x', padding)}}","Statement":{{Statement.Replace('\'', '"')}}}""";
        int overhead = Policy(0).Length;

        Assert.NotNull(PolicyParser.Parse(Policy(PolicyParser.MaxLength - overhead)));
        Assert.Throws<PolicyFormatException>(() => PolicyParser.Parse(Policy(PolicyParser.MaxLength - overhead + 1)));
    }

    private static PolicyDocument Parse(string policy) => PolicyParser.Parse(policy.Replace('\'', '"'));
}
