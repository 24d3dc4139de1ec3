using System.Text.Json;
using KmsTool.Instance.KeyPolicies;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;
using KmsTool.Tests.Protocol.Attestation;
using KmsTool.Tests.Simulator.Iam.Policies;

namespace KmsTool.Tests.Instance.KeyPolicies;

/// <summary>What the simulator's evaluator makes of the policies.</summary>
public sealed class KeyPolicyTextTests
{
    private const string AllowEverything = """{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}""";

    private static readonly AwsAccount Account = new(AwsAccount.ExampleId, "eu-central-1");
    private static readonly AwsPrincipal Administrator = AwsPrincipal.Administrator(Account);
    private static readonly AwsPrincipal Role = AwsPrincipal.RoleSession(Account, "instance", "i-0123456789abcdef0");
    private static readonly AwsPrincipal OtherRole = AwsPrincipal.RoleSession(Account, "other", "session");

    private static readonly EnclaveKeyPolicy Policy = new()
    {
        RoleArn = Account.RoleArn("instance"),
        AdministratorArn = Account.UserArn("administrator"),
        Pcrs = new Dictionary<int, ReadOnlyMemory<byte>> { [8] = TestChain.Pcr(8), [0] = TestChain.Pcr(0) },
        Operations = new KeyPolicyOperations(["Decrypt", "GenerateDataKey"], Encrypt: true),
    };

    [Theory]
    [InlineData("kms:Decrypt")]
    [InlineData("kms:GenerateDataKey")]
    public void Format_allows_the_role_with_all_PCRs_right(string action) =>
        Assert.Equal(AuthorizationDecision.Allowed, Decide(Policy, Role, action, Attested(TestChain.Pcr(0), TestChain.Pcr(8))));

    [Fact]
    public void Format_compares_PCRs_without_case() =>
        Assert.Equal(AuthorizationDecision.Allowed, Decide(Policy, Role, "kms:Decrypt", Attested(TestChain.Pcr(0), TestChain.Pcr(8), upperCase: true)));

    [Theory]
    [InlineData(9, 8)]
    [InlineData(0, 9)]
    [InlineData(9, 9)]
    [InlineData(8, 0)]
    public void Format_allows_nobody_with_a_PCR_wrong(int pcr0, int pcr8) =>
        Assert.Equal(AuthorizationDecision.NotAllowed, Decide(Policy, Role, "kms:Decrypt", Attested(TestChain.Pcr(pcr0), TestChain.Pcr(pcr8))));

    [Theory]
    [InlineData("kms:Decrypt")]
    [InlineData("kms:GenerateDataKey")]
    [InlineData("kms:ReEncryptFrom")]
    [InlineData("kms:CreateGrant")]
    [InlineData("kms:Sign")]
    public void Format_allows_nobody_without_attestation(string action)
    {
        foreach (AwsPrincipal principal in (AwsPrincipal[])[Role, OtherRole, Administrator])
        {
            Assert.Equal(AuthorizationDecision.NotAllowed, Decide(Policy, principal, action, []));
        }
    }

    [Fact]
    public void Format_allows_no_other_role_that_has_the_attestation() =>
        Assert.Equal(AuthorizationDecision.NotAllowed, Decide(Policy, OtherRole, "kms:Decrypt", Attested(TestChain.Pcr(0), TestChain.Pcr(8))));

    [Fact]
    public void Format_lets_the_role_encrypt_where_that_is_asked_for()
    {
        EnclaveKeyPolicy without = Policy with { Operations = Policy.Operations with { Encrypt = false } };

        Assert.Equal(AuthorizationDecision.Allowed, Decide(Policy with { DeniesOthers = true }, Role, "kms:Encrypt", []));
        Assert.Equal(AuthorizationDecision.NotAllowed, Decide(without, Role, "kms:Encrypt", []));
    }

    [Theory]
    [InlineData("kms:PutKeyPolicy")]
    [InlineData("kms:DescribeKey")]
    [InlineData("kms:ScheduleKeyDeletion")]
    public void Format_lets_the_administrator_administer(string action)
    {
        Assert.Equal(AuthorizationDecision.Allowed, Decide(Policy with { DeniesOthers = true }, Administrator, action, []));
        Assert.Equal(AuthorizationDecision.NotAllowed, Decide(Policy, Role, action, []));
    }

    [Theory]
    [InlineData("kms:Decrypt", 0, 9)]
    [InlineData("kms:Decrypt", 9, 8)]
    [InlineData("kms:GenerateDataKey", 9, 9)]
    public void Format_with_deny_denies_whoever_has_one_PCR_wrong_whatever_else_allows_it(string action, int pcr0, int pcr8)
    {
        Dictionary<string, string> attested = Attested(TestChain.Pcr(pcr0), TestChain.Pcr(pcr8));

        Assert.Equal(AuthorizationDecision.Allowed, Decide(Policy, Role, action, attested, AllowEverything));
        Assert.Equal(AuthorizationDecision.Denied, Decide(Policy with { DeniesOthers = true }, Role, action, attested, AllowEverything));
    }

    /// <summary>The negated operator holds where the request lacks the key: no attestation is as bad as a wrong one.</summary>
    [Theory]
    [InlineData("kms:Decrypt")]
    [InlineData("kms:GenerateDataKey")]
    [InlineData("kms:ReEncryptFrom")]
    public void Format_with_deny_denies_everybody_without_attestation_whatever_else_allows_it(string action)
    {
        foreach (AwsPrincipal principal in (AwsPrincipal[])[Role, OtherRole, Administrator])
        {
            Assert.Equal(AuthorizationDecision.Allowed, Decide(Policy, principal, action, [], AllowEverything));
            Assert.Equal(AuthorizationDecision.Denied, Decide(Policy with { DeniesOthers = true }, principal, action, [], AllowEverything));
        }
    }

    [Fact]
    public void Format_with_deny_allows_the_right_enclave() =>
        Assert.Equal(
            AuthorizationDecision.Allowed,
            Decide(Policy with { DeniesOthers = true }, Role, "kms:Decrypt", Attested(TestChain.Pcr(0), TestChain.Pcr(8))));

    [Fact]
    public void Format_gives_no_wildcard_of_actions_and_nothing_to_the_account()
    {
        string text = KeyPolicyText.Format(Policy with { DeniesOthers = true });

        Assert.DoesNotContain("*\",", text.Replace("\"Resource\": \"*\",", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("kms:*", text, StringComparison.Ordinal);
        Assert.DoesNotContain(":root", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Format_of_all_PCRs_keeps_the_limit_of_a_policy()
    {
        EnclaveKeyPolicy all = Policy with
        {
            Pcrs = Enumerable.Range(0, 32).ToDictionary(index => index, index => (ReadOnlyMemory<byte>)TestChain.Pcr(index)),
            Operations = new KeyPolicyOperations(["Decrypt", "GenerateDataKey", "GenerateDataKeyPair", "DeriveSharedSecret"], Encrypt: true),
            DeniesOthers = true,
        };

        Assert.Equal(3 + 32, PolicyParser.Parse(KeyPolicyText.Format(all)).Statements.Count);
    }

    [Fact]
    public void Format_of_an_unusual_role_name_keeps_it()
    {
        const string Arn = "arn:aws-us-gov:iam::111122223333:role/team/a+b=c,d.e@f-g_h";

        JsonElement statement = JsonElement.Parse(KeyPolicyText.Format(Policy with { RoleArn = Arn })).GetProperty("Statement")[0];

        Assert.Equal(Arn, statement.GetProperty("Principal").GetProperty("AWS").GetString());
    }

    private static AuthorizationDecision Decide(
        EnclaveKeyPolicy policy, AwsPrincipal principal, string action, Dictionary<string, string> conditionKeys, params string[] further)
    {
        string text = KeyPolicyText.Format(policy);
        PolicyDocument printed = PolicyParser.Parse(text);
        PolicyDocument added = further.Length == 0 ? new PolicyDocument([]) : PolicyParser.Parse($$"""{"Statement":[{{string.Join(',', further)}}]}""");
        var request = new AuthorizationRequest(principal, action, Account.KeyArn("12345678-1234-1234-1234-123456789012"), RequestContexts.Of(conditionKeys));
        // The further ones first: order must not matter.
        return PolicyEvaluator.Evaluate(new PolicyDocument([.. added.Statements, .. printed.Statements]), request);
    }

    private static Dictionary<string, string> Attested(byte[] pcr0, byte[] pcr8, bool upperCase = false)
    {
        Func<byte[], string> hex = upperCase ? Convert.ToHexString : Convert.ToHexStringLower;
        return new(StringComparer.OrdinalIgnoreCase)
        {
            ["kms:RecipientAttestation:ImageSha384"] = hex(pcr0),
            ["kms:RecipientAttestation:PCR0"] = hex(pcr0),
            ["kms:RecipientAttestation:PCR8"] = hex(pcr8),
        };
    }
}
