using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using KmsTool.Protocol.Attestation;
using static KmsTool.Tests.Protocol.CborBytes;

namespace KmsTool.Tests.Protocol.Attestation;

/// <summary>The document as a whole: COSE, payload, signature. The chain has its own tests.</summary>
public sealed class AttestationVerifierTests
{
    private static readonly byte[] Es384 = [0xA1, 0x01, 0x38, 0x22];
    private static readonly TestChain Chain = TestChain.Create();

    /// <summary>The order of P-384 (FIPS 186-4, D.1.2.4); r and s are below it.</summary>
    private static readonly byte[] Order = Convert.FromHexString("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973");

    /// <summary>Each changes one thing in a good payload, which is then signed like a good one.</summary>
    internal static readonly Dictionary<string, (AttestationFailure Failure, string Reason, Func<TestPayload, TestPayload> Break)> BrokenPayloads = new()
    {
        ["no module_id"] = (AttestationFailure.PayloadMissingMember, "lacks module_id", p => p.Remove("module_id")),
        ["no digest"] = (AttestationFailure.PayloadMissingMember, "lacks digest", p => p.Remove("digest")),
        ["no timestamp"] = (AttestationFailure.PayloadMissingMember, "lacks timestamp", p => p.Remove("timestamp")),
        ["no pcrs"] = (AttestationFailure.PayloadMissingMember, "lacks pcrs", p => p.Remove("pcrs")),
        ["no certificate"] = (AttestationFailure.PayloadMissingMember, "lacks certificate", p => p.Remove("certificate")),
        ["no cabundle"] = (AttestationFailure.PayloadMissingMember, "lacks cabundle", p => p.Remove("cabundle")),
        ["unknown member"] = (AttestationFailure.PayloadUnknownMember, "unknown member", p => p.Add(Text("nitrotpm_pcrs"), Map())),
        ["duplicate member"] = (AttestationFailure.PayloadMalformed, "malformed", p => p.Add(Text("nonce"), Bytes(1))),
        ["duplicate member in another encoding"] = (AttestationFailure.PayloadDuplicateKey, "nonce twice", p => p.Add(LongText("nonce"), Bytes(1))),
        ["number as member name"] = (AttestationFailure.PayloadMalformed, "expected text", p => p.Add(Number(1), Null)),
        ["empty module_id"] = (AttestationFailure.ModuleId, "0 characters", p => p.Set("module_id", Text(""))),
        ["long module_id"] = (AttestationFailure.ModuleId, "257 characters", p => p.Set("module_id", Text(new string('i', 257)))),
        ["module_id as bytes"] = (AttestationFailure.PayloadMalformed, "expected text", p => p.Set("module_id", Bytes(1))),
        ["module_id in chunks"] = (AttestationFailure.PayloadMalformed, "expected text", p => p.Set("module_id", [0x7F, .. Text("i"), .. Text("j"), 0xFF])),
        ["module_id not UTF-8"] = (AttestationFailure.PayloadMalformed, "malformed", p => p.Set("module_id", [0x62, 0xC3, 0x28])),
        ["other digest"] = (AttestationFailure.Digest, "not SHA384", p => p.Set("digest", Text("SHA256"))),
        ["digest in lower case"] = (AttestationFailure.Digest, "not SHA384", p => p.Set("digest", Text("sha384"))),
        ["timestamp 0"] = (AttestationFailure.Timestamp, "timestamp 0", p => p.Set("timestamp", Number(0))),
        ["negative timestamp"] = (AttestationFailure.PayloadMalformed, "expected an unsigned integer", p => p.Set("timestamp", [0x20])),
        ["timestamp beyond the calendar"] = (AttestationFailure.Timestamp, "is not a time", p => p.Set("timestamp", Number(253402300800000))),
        ["largest timestamp"] = (AttestationFailure.Timestamp, "is not a time", p => p.Set("timestamp", Number(ulong.MaxValue))),
        ["tagged timestamp"] = (AttestationFailure.PayloadMalformed, "expected an unsigned integer", p => p.Set("timestamp", [0xC1, .. Number(1)])),
        ["no PCR"] = (AttestationFailure.Pcrs, "no PCRs", p => p.Set("pcrs", Map())),
        ["PCR 32"] = (AttestationFailure.Pcrs, "index 32", p => p.Set("pcrs", Map(Number(32), Bytes(new byte[48])))),
        ["PCR -1"] = (AttestationFailure.PayloadMalformed, "expected an unsigned integer", p => p.Set("pcrs", Map([0x20], Bytes(new byte[48])))),
        ["PCR of 47 bytes"] = (AttestationFailure.Pcrs, "PCR3 has 47 bytes", p => p.Set("pcrs", Map(Number(3), Bytes(new byte[47])))),
        ["empty PCR"] = (AttestationFailure.Pcrs, "PCR3 has 0 bytes", p => p.Set("pcrs", Map(Number(3), Bytes()))),
        ["PCR twice"] = (AttestationFailure.PayloadMalformed, "malformed", p => p.Set("pcrs", Map(Number(3), Bytes(new byte[48]), Number(3), Bytes(new byte[48])))),
        ["PCR twice in another encoding"] = (AttestationFailure.PayloadDuplicateKey, "PCR3 appears twice", p => p.Set("pcrs", Map(Number(3), Bytes(new byte[48]), [0x18, 3], Bytes(new byte[48])))),
        ["PCRs as a list"] = (AttestationFailure.PayloadMalformed, "expected a map", p => p.Set("pcrs", List(Bytes(new byte[48])))),
        ["PCR null"] = (AttestationFailure.PayloadMalformed, "expected bytes", p => p.Set("pcrs", Map(Number(0), Null))),
        ["empty certificate"] = (AttestationFailure.CertificateLength, "certificate has 0 bytes", p => p.Set("certificate", Bytes())),
        ["large certificate"] = (AttestationFailure.CertificateLength, "certificate has 1025 bytes", p => p.Set("certificate", Bytes(new byte[1025]))),
        ["certificate in chunks"] = (AttestationFailure.PayloadMalformed, "expected bytes", p => p.Set("certificate", ChunkedBytes(1, 2))),
        ["null certificate"] = (AttestationFailure.PayloadMalformed, "expected bytes", p => p.Set("certificate", Null)),
        ["empty cabundle"] = (AttestationFailure.CaBundle, "cabundle is empty", p => p.Set("cabundle", List())),
        ["long cabundle"] = (AttestationFailure.CaBundle, "more than 8", p => p.Set("cabundle", List([.. Enumerable.Repeat(Bytes(1), 9)]))),
        ["empty certificate in cabundle"] = (AttestationFailure.CaBundle, "cabundle[1] has 0 bytes", p => p.Set("cabundle", List(Bytes(1), Bytes()))),
        ["large certificate in cabundle"] = (AttestationFailure.CaBundle, "cabundle[0] has 1025 bytes", p => p.Set("cabundle", List(Bytes(new byte[1025])))),
        ["cabundle as bytes"] = (AttestationFailure.PayloadMalformed, "expected an array", p => p.Set("cabundle", Bytes(1))),
        ["large public key"] = (AttestationFailure.PublicKeyLength, "public_key has 1025 bytes", p => p.Set("public_key", Bytes(new byte[1025]))),
        ["large user data"] = (AttestationFailure.UserDataLength, "user_data has 1025 bytes", p => p.Set("user_data", Bytes(new byte[1025]))),
        ["large nonce"] = (AttestationFailure.NonceLength, "nonce has 1025 bytes", p => p.Set("nonce", Bytes(new byte[1025]))),
        ["nonce as text"] = (AttestationFailure.PayloadMalformed, "expected bytes", p => p.Set("nonce", Text("x"))),
        ["undefined nonce"] = (AttestationFailure.PayloadMalformed, "expected bytes", p => p.Set("nonce", [0xF7])),
        ["another root"] = (AttestationFailure.RootMismatch, "cabundle[0] is not the pinned root", p => p.Set("cabundle", List([.. Chain.Authorities.Reverse().Select(authority => Bytes(authority))]))),
    };

    /// <summary>Whole documents, each with one thing wrong, made from a good payload and its signature.</summary>
    internal static readonly Dictionary<string, (AttestationFailure Failure, string Reason, Func<byte[], byte[], byte[]> Make)> BrokenDocuments = new()
    {
        ["nothing"] = (AttestationFailure.CoseMalformed, "not a COSE_Sign1", (_, _) => []),
        ["too large"] = (AttestationFailure.DocumentTooLarge, "16385 bytes", (_, _) => new byte[16385]),
        ["text"] = (AttestationFailure.CoseMalformed, "expected an array", (_, _) => Text("hello")),
        ["tag of COSE_Sign"] = (AttestationFailure.CoseMalformed, "expected an array", (p, s) => [0xD8, 0x62, .. Cose(Bytes(Es384), Map(), Bytes(p), Bytes(s))]),
        ["two tags"] = (AttestationFailure.CoseMalformed, "expected an array", (p, s) => [0xD2, 0xD2, .. Cose(Bytes(Es384), Map(), Bytes(p), Bytes(s))]),
        ["self-described CBOR"] = (AttestationFailure.CoseMalformed, "expected an array", (p, s) => [0xD9, 0xD9, 0xF7, .. Cose(Bytes(Es384), Map(), Bytes(p), Bytes(s))]),
        ["tag alone"] = (AttestationFailure.CoseMalformed, "not a COSE_Sign1", (_, _) => [0xD2]),
        ["indefinite array"] = (AttestationFailure.CoseMalformed, "indefinite", (p, s) => IndefiniteList(Bytes(Es384), Map(), Bytes(p), Bytes(s))),
        ["three items"] = (AttestationFailure.CoseMalformed, "3 items", (p, _) => List(Bytes(Es384), Map(), Bytes(p))),
        ["five items"] = (AttestationFailure.CoseMalformed, "5 items", (p, s) => List(Bytes(Es384), Map(), Bytes(p), Bytes(s), Null)),
        ["trailing byte"] = (AttestationFailure.CoseMalformed, "", (p, s) => [.. Cose(Bytes(Es384), Map(), Bytes(p), Bytes(s)), 0x00]),
        ["empty protected header"] = (AttestationFailure.CoseProtectedHeader, "ES384", (p, s) => Cose(Bytes(), Map(), Bytes(p), Bytes(s))),
        ["ES256"] = (AttestationFailure.CoseProtectedHeader, "ES384", (p, s) => Cose(Bytes(0xA1, 0x01, 0x26), Map(), Bytes(p), Bytes(s))),
        ["algorithm and more"] = (AttestationFailure.CoseProtectedHeader, "ES384", (p, s) => Cose(Bytes(0xA2, 0x01, 0x38, 0x22, 0x04, 0x40), Map(), Bytes(p), Bytes(s))),
        ["algorithm in another encoding"] = (AttestationFailure.CoseProtectedHeader, "ES384", (p, s) => Cose(Bytes(0xA1, 0x01, 0x39, 0x00, 0x22), Map(), Bytes(p), Bytes(s))),
        ["algorithm twice"] = (AttestationFailure.CoseProtectedHeader, "ES384", (p, s) => Cose(Bytes(0xA2, 0x01, 0x38, 0x22, 0x01, 0x38, 0x22), Map(), Bytes(p), Bytes(s))),
        ["algorithm -1"] = (AttestationFailure.CoseProtectedHeader, "ES384", (p, s) => Cose(Bytes(0xA1, 0x01, 0x20), Map(), Bytes(p), Bytes(s))),
        ["protected header as a map"] = (AttestationFailure.CoseMalformed, "expected bytes", (p, s) => Cose(Es384, Map(), Bytes(p), Bytes(s))),
        ["unprotected header"] = (AttestationFailure.CoseUnprotectedHeader, "not empty", (p, s) => Cose(Bytes(Es384), Map(Number(4), Bytes(1)), Bytes(p), Bytes(s))),
        ["algorithm in the unprotected header"] = (AttestationFailure.CoseUnprotectedHeader, "not empty", (p, s) => Cose(Bytes(Es384), Es384, Bytes(p), Bytes(s))),
        ["indefinite unprotected header"] = (AttestationFailure.CoseMalformed, "indefinite", (p, s) => Cose(Bytes(Es384), IndefiniteMap(), Bytes(p), Bytes(s))),
        ["detached payload"] = (AttestationFailure.CoseMalformed, "expected bytes", (_, s) => Cose(Bytes(Es384), Map(), Null, Bytes(s))),
        ["payload not wrapped"] = (AttestationFailure.CoseMalformed, "expected bytes", (p, s) => Cose(Bytes(Es384), Map(), p, Bytes(s))),
        ["payload in chunks"] = (AttestationFailure.CoseMalformed, "expected bytes", (p, s) => Cose(Bytes(Es384), Map(), ChunkedBytes(p), Bytes(s))),
        ["empty payload"] = (AttestationFailure.PayloadMalformed, "malformed", (_, s) => Cose(Bytes(Es384), Map(), Bytes(), Bytes(s))),
        ["payload that is no map"] = (AttestationFailure.PayloadMalformed, "expected a map", (_, s) => Cose(Bytes(Es384), Map(), Bytes(0x80), Bytes(s))),
        ["trailing byte in the payload"] = (AttestationFailure.PayloadMalformed, "malformed", (p, s) => Cose(Bytes(Es384), Map(), Bytes([.. p, 0x00]), Bytes(s))),
        ["signature of 95 bytes"] = (AttestationFailure.CoseSignatureLength, "95 bytes", (p, s) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes(s[1..]))),
        ["signature of 97 bytes"] = (AttestationFailure.CoseSignatureLength, "97 bytes", (p, s) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes([0, .. s]))),
        ["no signature"] = (AttestationFailure.CoseSignatureLength, "0 bytes", (p, _) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes())),
        ["signature of zeros"] = (AttestationFailure.DocumentSignature, "not signed", (p, _) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes(new byte[96]))),
        ["signature of ones"] = (AttestationFailure.DocumentSignature, "not signed", (p, _) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes([.. Enumerable.Repeat((byte)0xFF, 96)]))),
        ["r of zero"] = (AttestationFailure.DocumentSignature, "not signed", (p, s) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes([.. new byte[48], .. s[48..]]))),
        ["s of zero"] = (AttestationFailure.DocumentSignature, "not signed", (p, s) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes([.. s[..48], .. new byte[48]]))),
        ["r of the curve's order"] = (AttestationFailure.DocumentSignature, "not signed", (p, s) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes([.. Order, .. s[48..]]))),
        ["s of the curve's order"] = (AttestationFailure.DocumentSignature, "not signed", (p, s) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes([.. s[..48], .. Order]))),
        ["signature in DER"] = (AttestationFailure.CoseSignatureLength, "bytes, not 96", (p, s) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes(Der(s)))),
        ["signature as text"] = (AttestationFailure.CoseMalformed, "expected bytes", (p, _) => Cose(Bytes(Es384), Map(), Bytes(p), Text("signature"))),
        ["s and r exchanged"] = (AttestationFailure.DocumentSignature, "not signed", (p, s) => Cose(Bytes(Es384), Map(), Bytes(p), Bytes([.. s[48..], .. s[..48]]))),
        ["payload rewritten with an indefinite length"] = (AttestationFailure.DocumentSignature, "not signed", (p, s) => Cose(Bytes(Es384), Map(), Bytes([0xBF, .. p[1..], 0xFF]), Bytes(s))),
    };

    public static TheoryData<string> PayloadCases => [.. BrokenPayloads.Keys];

    public static TheoryData<string> DocumentCases => [.. BrokenDocuments.Keys];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Verify_document_of_a_good_chain_is_valid_and_complete(bool tagged)
    {
        AttestationDocument document = Chain.Document();

        AttestationVerdict verdict = Chain.Verify(Chain.Sign(document, tagged));

        Assert.Equal((true, AttestationFailure.None, "valid"), (verdict.IsValid, verdict.Failure, verdict.Reason));
        AttestationDocument actual = verdict.Document!;
        Assert.Equal(document.ModuleId, actual.ModuleId);
        Assert.Equal("SHA384", actual.Digest);
        Assert.Equal(document.Timestamp, actual.Timestamp);
        Assert.Equal(Enumerable.Range(0, 16), actual.Pcrs.Keys);
        Assert.All(actual.Pcrs, pcr => Assert.Equal(TestChain.Pcr(pcr.Key), pcr.Value.ToArray()));
        Assert.Equal(Chain.Certificate, actual.Certificate.ToArray());
        Assert.Equal(Chain.Authorities, actual.CaBundle.Select(authority => authority.ToArray()));
        Assert.Equal([1, 2, 3], actual.PublicKey!.Value.ToArray());
        Assert.Equal([4, 5], actual.UserData!.Value.ToArray());
        Assert.Equal([6], actual.Nonce!.Value.ToArray());
        Assert.False(actual.IsDebug);
    }

    [Fact]
    public void Verify_payload_of_indefinite_length_as_newer_devices_sign_it_is_valid() =>
        Assert.Equal("valid", Chain.Verify(Chain.Sign(new TestPayload(Chain.Document()).EncodeIndefinite())).Reason);

    [Fact]
    public void Verify_absent_optional_members_are_null()
    {
        byte[] payload = new TestPayload(Chain.Document()).Remove("public_key").Remove("user_data").Remove("nonce").Encode();

        AttestationDocument document = Chain.Verify(Chain.Sign(payload)).Document!;

        Assert.Equal((null, null, null), (document.PublicKey, document.UserData, document.Nonce));
    }

    [Fact]
    public void Verify_optional_members_of_the_largest_size_are_valid()
    {
        byte[] field = new byte[1024];

        AttestationVerdict verdict = Chain.Verify(Chain.Sign(Chain.Document() with { PublicKey = field, UserData = field, Nonce = field }));

        Assert.Equal("valid", verdict.Reason);
    }

    [Theory]
    [MemberData(nameof(PayloadCases))]
    public void Verify_signed_payload_that_breaks_a_rule_is_refused_with_its_name(string what)
    {
        (AttestationFailure failure, string reason, Func<TestPayload, TestPayload> breakIt) = BrokenPayloads[what];

        AttestationVerdict verdict = Chain.Verify(Chain.Sign(breakIt(new TestPayload(Chain.Document())).Encode()));

        AssertRefused(failure, reason, verdict);
    }

    [Theory]
    [MemberData(nameof(DocumentCases))]
    public void Verify_document_that_breaks_a_rule_is_refused_with_its_name(string what)
    {
        (AttestationFailure failure, string reason, Func<byte[], byte[], byte[]> make) = BrokenDocuments[what];
        byte[] payload = new TestPayload(Chain.Document()).Encode();
        byte[] signature = CoseSign1.Parse(Chain.Sign(payload)).Signature.ToArray();

        AssertRefused(failure, reason, Chain.Verify(make(payload, signature)));
    }

    [Fact]
    public void Verify_document_signed_by_another_key_is_refused()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        AssertRefused(AttestationFailure.DocumentSignature, "not signed", Chain.Verify(CoseSign1.Sign(Chain.Document().EncodePayload(), other, tagged: false)));
    }

    [Fact]
    public void Verify_document_of_another_root_of_the_same_name_is_refused()
    {
        var other = TestChain.Create();

        AssertRefused(AttestationFailure.RootMismatch, "pinned root", Chain.Verify(other.Sign(other.Document())));
    }

    [Fact]
    public void Verify_test_document_against_the_AWS_root_is_refused()
    {
        AttestationVerdict verdict = new AttestationVerifier(AttestationRoot.Aws).Verify(Chain.Sign(Chain.Document()), TestChain.Now);

        AssertRefused(AttestationFailure.RootMismatch, "pinned root", verdict);
    }

    [Fact]
    public void Verify_result_does_not_depend_on_the_buffer_that_was_verified()
    {
        byte[] encoded = Chain.Sign(Chain.Document());
        AttestationDocument document = Chain.Verify(encoded).Document!;

        Array.Clear(encoded);

        Assert.Equal(TestChain.Pcr(0), document.Pcrs[0].ToArray());
        Assert.Equal([6], document.Nonce!.Value.ToArray());
    }

    [Fact]
    public void Every_failure_has_a_test()
    {
        IEnumerable<AttestationFailure> tested =
        [
            AttestationFailure.None,
            .. BrokenPayloads.Values.Select(test => test.Failure),
            .. BrokenDocuments.Values.Select(test => test.Failure),
            .. AttestationChainTests.BrokenChains.Values.Select(test => test.Failure),
            .. AttestationExpectationsTests.Unmet.Values.Select(test => test.Failure),
        ];

        Assert.Empty(Enum.GetValues<AttestationFailure>().Except(tested));
    }

    internal static void AssertRefused(AttestationFailure failure, string reason, AttestationVerdict verdict)
    {
        Assert.Equal((failure, false), (verdict.Failure, verdict.IsValid));
        Assert.Contains(reason, verdict.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', verdict.Reason);
        Assert.Null(verdict.Document);
    }

    private static byte[] Cose(params byte[][] items) => List(items);

    /// <summary>ECDSA-Sig-Value (RFC 3279 section 2.2.3), which COSE does not use.</summary>
    private static byte[] Der(byte[] signature)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(new BigInteger(signature.AsSpan(0, 48), isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(new BigInteger(signature.AsSpan(48), isUnsigned: true, isBigEndian: true));
        }
        return writer.Encode();
    }
}
