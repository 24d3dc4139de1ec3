using KmsTool.Protocol.Attestation;

namespace KmsTool.Tests.Protocol.Attestation;

public sealed class AttestationVerifierTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Verify_document_of_a_good_chain_is_valid_and_complete(bool tagged)
    {
        TestChain chain = TestChain.Create();
        AttestationDocument document = chain.Document();

        AttestationVerdict verdict = chain.Verify(chain.Sign(document, tagged));

        Assert.Equal((AttestationFailure.None, "valid"), (verdict.Failure, verdict.Reason));
        Assert.True(verdict.IsValid);
        AttestationDocument actual = verdict.Document!;
        Assert.Equal(document.ModuleId, actual.ModuleId);
        Assert.Equal("SHA384", actual.Digest);
        Assert.Equal(document.Timestamp, actual.Timestamp);
        Assert.Equal(Enumerable.Range(0, 16), actual.Pcrs.Keys);
        Assert.All(actual.Pcrs, pcr => Assert.Equal(TestChain.Pcr(pcr.Key), pcr.Value.ToArray()));
        Assert.Equal(chain.Certificate, actual.Certificate.ToArray());
        Assert.Equal(chain.Authorities, actual.CaBundle.Select(authority => authority.ToArray()));
        Assert.Equal([1, 2, 3], actual.PublicKey!.Value.ToArray());
        Assert.Equal([4, 5], actual.UserData!.Value.ToArray());
        Assert.Equal([6], actual.Nonce!.Value.ToArray());
        Assert.False(actual.IsDebug);
    }
}
