using KmsTool.Protocol.Attestation;

namespace KmsTool.Tests.Protocol.Attestation;

public sealed class AttestationExpectationsTests
{
    private static readonly TestChain Chain = TestChain.Create();

    /// <summary>The default document states PCR0..15 as TestChain.Pcr, nonce 06, user data 04 05, a public key, the time Now.</summary>
    internal static readonly Dictionary<string, (AttestationFailure Failure, string Reason, Func<AttestationDocument, AttestationDocument> Document, AttestationExpectations Expectations)> Unmet = new()
    {
        ["other PCR"] = (AttestationFailure.PcrMismatch, "PCR8 is 1818", d => d, new() { Pcrs = Pcrs((0, TestChain.Pcr(0)), (8, TestChain.Pcr(9))) }),
        ["PCR of another length"] = (AttestationFailure.PcrMismatch, "PCR0 is", d => d, new() { Pcrs = Pcrs((0, TestChain.Pcr(0)[..32])) }),
        ["missing PCR"] = (AttestationFailure.PcrMismatch, "no PCR16", d => d, new() { Pcrs = Pcrs((16, TestChain.Pcr(16))) }),
        ["other nonce"] = (AttestationFailure.NonceMismatch, "nonce", d => d, new() { Nonce = new byte[] { 7 } }),
        ["nonce with more"] = (AttestationFailure.NonceMismatch, "nonce", d => d with { Nonce = new byte[] { 6, 0 } }, new() { Nonce = new byte[] { 6 } }),
        ["missing nonce"] = (AttestationFailure.NonceMismatch, "nonce", d => d with { Nonce = null }, new() { Nonce = new byte[] { 6 } }),
        ["missing nonce where an empty one is expected"] = (AttestationFailure.NonceMismatch, "nonce", d => d with { Nonce = null }, new() { Nonce = Array.Empty<byte>() }),
        ["other user data"] = (AttestationFailure.UserDataMismatch, "user data", d => d, new() { UserData = new byte[] { 4 } }),
        ["missing user data"] = (AttestationFailure.UserDataMismatch, "user data", d => d with { UserData = null }, new() { UserData = new byte[] { 4 } }),
        ["missing public key"] = (AttestationFailure.PublicKeyMissing, "no public key", d => d with { PublicKey = null }, new() { RequirePublicKey = true }),
        ["empty public key"] = (AttestationFailure.PublicKeyMissing, "no public key", d => d with { PublicKey = Array.Empty<byte>() }, new() { RequirePublicKey = true }),
        ["too old"] = (AttestationFailure.TooOld, "00:05:00.0010000 old, more than 00:05:00", d => d with { Timestamp = TestChain.Now.AddMinutes(-5).AddMilliseconds(-1) }, new() { MaxAge = TimeSpan.FromMinutes(5) }),
        ["from the future"] = (AttestationFailure.InTheFuture, "ahead of the verifier's clock", d => d with { Timestamp = TestChain.Now.AddMinutes(1).AddMilliseconds(1) }, new() { MaxAge = TimeSpan.FromMinutes(5) }),
        ["debug mode"] = (AttestationFailure.DebugMode, "debug mode", d => d with { Pcrs = Pcrs((0, new byte[48]), (4, TestChain.Pcr(4))) }, new() { RefuseDebug = true }),
        ["no PCR0"] = (AttestationFailure.DebugMode, "debug mode", d => d with { Pcrs = Pcrs((4, TestChain.Pcr(4))) }, new() { RefuseDebug = true }),
    };

    public static TheoryData<string> Cases => [.. Unmet.Keys];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Verify_document_that_is_not_as_expected_is_refused_with_the_mismatch(string what)
    {
        (AttestationFailure failure, string reason, Func<AttestationDocument, AttestationDocument> change, AttestationExpectations expectations) = Unmet[what];
        byte[] document = Chain.Sign(change(Chain.Document()));

        AttestationVerifierTests.AssertRefused(failure, reason, Chain.Verify(document, expectations));
        Assert.Equal("valid", Chain.Verify(document).Reason);
    }

    [Fact]
    public void Verify_document_that_is_all_as_expected_is_valid()
    {
        var expectations = new AttestationExpectations
        {
            Pcrs = Pcrs((0, TestChain.Pcr(0)), (8, TestChain.Pcr(8))),
            Nonce = new byte[] { 6 },
            UserData = new byte[] { 4, 5 },
            MaxAge = TimeSpan.Zero,
            RequirePublicKey = true,
            RefuseDebug = true,
        };

        Assert.Equal("valid", Chain.Verify(Chain.Sign(Chain.Document()), expectations).Reason);
    }

    [Theory]
    [InlineData(-300)]
    [InlineData(60)]
    public void Verify_age_at_its_limits_is_valid(int seconds)
    {
        byte[] document = Chain.Sign(Chain.Document() with { Timestamp = TestChain.Now.AddSeconds(seconds) });

        Assert.Equal("valid", Chain.Verify(document, new AttestationExpectations { MaxAge = TimeSpan.FromMinutes(5) }).Reason);
    }

    [Fact]
    public void Verify_PCR_mismatch_shows_both_values()
    {
        AttestationVerdict verdict = Chain.Verify(Chain.Sign(Chain.Document()), new AttestationExpectations { Pcrs = Pcrs((0, TestChain.Pcr(1))) });

        Assert.Equal($"PCR0 is {Convert.ToHexStringLower(TestChain.Pcr(0))}, expected {Convert.ToHexStringLower(TestChain.Pcr(1))}", verdict.Reason);
    }

    [Fact]
    public void Verify_forged_document_is_refused_for_that_before_any_expectation()
    {
        byte[] document = Chain.Sign(Chain.Document());
        document[^1] ^= 1;

        AttestationVerdict verdict = Chain.Verify(document, new AttestationExpectations { Nonce = new byte[] { 7 } });

        Assert.Equal(AttestationFailure.DocumentSignature, verdict.Failure);
    }

    private static Dictionary<int, ReadOnlyMemory<byte>> Pcrs(params (int Index, byte[] Value)[] pcrs) =>
        pcrs.ToDictionary(pcr => pcr.Index, pcr => (ReadOnlyMemory<byte>)pcr.Value);
}
