using KmsTool.Instance.KeyPolicies;

namespace KmsTool.Tests.Instance.KeyPolicies;

public sealed class KeyPolicyOperationsTests
{
    [Theory]
    [InlineData("Decrypt", "Decrypt", false)]
    [InlineData("kms:Decrypt, KMS:encrypt", "Decrypt", true)]
    [InlineData("derivesharedsecret", "DeriveSharedSecret", false)]
    [InlineData("GenerateDataKeyPair,Encrypt,GenerateDataKey", "GenerateDataKeyPair,GenerateDataKey", true)]
    public void TryParse_of_known_operations_gives_their_names(string list, string attested, bool encrypt)
    {
        Assert.True(KeyPolicyOperations.TryParse(list, out KeyPolicyOperations? operations, out _));

        Assert.Equal((attested, encrypt), (string.Join(',', operations.Attested), operations.Encrypt));
    }

    [Theory]
    [InlineData("GenerateRandom", "GenerateRandom uses no key")]
    [InlineData("Decrypt,kms:GenerateRandom", "GenerateRandom uses no key")]
    [InlineData("Sign", "'Sign' takes no attestation document")]
    [InlineData("kms:*", "'*' takes no")]
    [InlineData("", "'' takes no")]
    [InlineData("Decrypt,", "'' takes no")]
    [InlineData("Encrypt", "add one that does")]
    [InlineData("Decrypt,kms:decrypt", "decrypt is given twice")]
    [InlineData("Decrypt,Encrypt,Encrypt", "Encrypt is given twice")]
    public void TryParse_of_what_no_policy_can_tie_to_an_enclave_says_why(string list, string reason)
    {
        Assert.False(KeyPolicyOperations.TryParse(list, out _, out string? error));

        Assert.Contains(reason, error, StringComparison.Ordinal);
    }
}
