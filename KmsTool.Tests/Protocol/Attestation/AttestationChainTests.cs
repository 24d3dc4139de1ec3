using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Tests.Protocol.Attestation;

public sealed class AttestationChainTests
{
    private const int Root = 0;
    private const int Region = 1;
    private const int Zone = 2;
    private const int Instance = 3;
    private const int Enclave = 4;

    private static readonly X509Extension UnknownCritical = new("1.2.3.4", [0x05, 0x00], critical: true);

    /// <summary>Each is a chain with one thing wrong; everything is signed by the key that the chain says.</summary>
    internal static readonly Dictionary<string, (AttestationFailure Failure, string Reason, Func<TestChain> Make)> BrokenChains = new()
    {
        ["root not valid yet"] = (AttestationFailure.CertificateNotYetValid, "cabundle[0] is not valid before 2026-03-14T15:09:27Z", Change(Root, c => c with { NotBefore = TestChain.Now.AddSeconds(1) })),
        ["zone not valid yet"] = (AttestationFailure.CertificateNotYetValid, "cabundle[2] is not valid before", Change(Zone, c => c with { NotBefore = TestChain.Now.AddSeconds(1) })),
        ["enclave not valid yet"] = (AttestationFailure.CertificateNotYetValid, "certificate is not valid before", Change(Enclave, c => c with { NotBefore = TestChain.Now.AddSeconds(1) })),
        ["root expired"] = (AttestationFailure.CertificateExpired, "cabundle[0] expired", Change(Root, c => c with { NotAfter = TestChain.Now.AddSeconds(-1) })),
        ["region expired"] = (AttestationFailure.CertificateExpired, "cabundle[1] expired at 2026-03-14T15:09:25Z", Change(Region, c => c with { NotAfter = TestChain.Now.AddSeconds(-1) })),
        ["enclave expired"] = (AttestationFailure.CertificateExpired, "certificate expired", Change(Enclave, c => c with { NotAfter = TestChain.Now.AddSeconds(-1) })),
        ["root is not an authority"] = (AttestationFailure.CertificateBasicConstraints, "cabundle[0] is not", Change(Root, c => c with { IsAuthority = false })),
        ["zone is not an authority"] = (AttestationFailure.CertificateBasicConstraints, "cabundle[2] is not", Change(Zone, c => c with { IsAuthority = false, PathLength = null })),
        ["instance without basic constraints"] = (AttestationFailure.CertificateBasicConstraints, "cabundle[3] is not", Change(Instance, c => c with { IsAuthority = null })),
        ["enclave is an authority"] = (AttestationFailure.CertificateBasicConstraints, "certificate is a certificate authority", Change(Enclave, c => c with { IsAuthority = true })),
        ["path too long under the root"] = (AttestationFailure.CertificatePathLength, "cabundle[0] allows 2 authorities below it, and there are 3", Change(Root, c => c with { PathLength = 2 })),
        ["path too long under the zone"] = (AttestationFailure.CertificatePathLength, "cabundle[2] allows 0", Change(Zone, c => c with { PathLength = 0 })),
        ["root may not sign certificates"] = (AttestationFailure.CertificateKeyUsage, "cabundle[0] may not sign certificates", Change(Root, c => c with { KeyUsage = X509KeyUsageFlags.CrlSign })),
        ["instance may sign data only"] = (AttestationFailure.CertificateKeyUsage, "cabundle[3] may not", Change(Instance, c => c with { KeyUsage = X509KeyUsageFlags.DigitalSignature })),
        ["region without key usage"] = (AttestationFailure.CertificateKeyUsage, "cabundle[1] may not", Change(Region, c => c with { KeyUsage = null })),
        ["enclave may sign certificates only"] = (AttestationFailure.CertificateKeyUsage, "certificate may not sign documents", Change(Enclave, c => c with { KeyUsage = X509KeyUsageFlags.KeyCertSign })),
        ["enclave without key usage"] = (AttestationFailure.CertificateKeyUsage, "certificate may not", Change(Enclave, c => c with { KeyUsage = null })),
        ["zone of another issuer name"] = (AttestationFailure.CertificateName, "cabundle[2] names another issuer", Change(Zone, c => c with { Issuer = "CN=other" })),
        ["enclave of another issuer name"] = (AttestationFailure.CertificateName, "certificate names another issuer", Change(Enclave, c => c with { Issuer = "CN=other" })),
        ["region signed by another key"] = (AttestationFailure.CertificateSignature, "cabundle[1] was not signed", Change(Region, c => c with { SigningKey = ECDsa.Create(ECCurve.NamedCurves.nistP384) })),
        ["enclave signed by another key"] = (AttestationFailure.CertificateSignature, "certificate was not signed", Change(Enclave, c => c with { SigningKey = ECDsa.Create(ECCurve.NamedCurves.nistP384) })),
        ["unknown critical extension in the root"] = (AttestationFailure.CertificateExtension, "cabundle[0] has the critical extension 1.2.3.4", Change(Root, c => c with { Extensions = [UnknownCritical] })),
        ["unknown critical extension in the enclave"] = (AttestationFailure.CertificateExtension, "certificate has the critical extension 1.2.3.4", Change(Enclave, c => c with { Extensions = [UnknownCritical] })),
        ["critical name constraints"] = (AttestationFailure.CertificateExtension, "2.5.29.30", Change(Zone, c => c with { Extensions = [new X509Extension("2.5.29.30", [0x30, 0x00], critical: true)] })),
        ["SHA-256 on the region"] = (AttestationFailure.CertificateAlgorithm, "cabundle[1] is not signed with ecdsa-with-SHA384", Change(Region, c => c with { Hash = HashAlgorithmName.SHA256 })),
        ["SHA-512 on the enclave"] = (AttestationFailure.CertificateAlgorithm, "certificate is not signed with", Change(Enclave, c => c with { Hash = HashAlgorithmName.SHA512 })),
        ["P-256 zone"] = (AttestationFailure.CertificateAlgorithm, "cabundle[2] has another key than P-384", Change(Zone, c => c with { Curve = ECCurve.NamedCurves.nistP256 })),
        ["P-521 root"] = (AttestationFailure.CertificateAlgorithm, "cabundle[0] has another key than P-384", Change(Root, c => c with { Curve = ECCurve.NamedCurves.nistP521 })),
        ["certificate that is none"] = (AttestationFailure.CertificateMalformed, "certificate is not a DER certificate", () => TestChain.Create().WithCertificate(_ => [1, 2, 3])),
        ["certificate as PEM"] = (AttestationFailure.CertificateMalformed, "certificate is not", () => TestChain.Create().WithCertificate(der => System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE", der)))),
        ["trailing byte after the certificate"] = (AttestationFailure.CertificateMalformed, "certificate is not", () => TestChain.Create().WithCertificate(der => [.. der, 0])),
        ["truncated certificate"] = (AttestationFailure.CertificateMalformed, "certificate is not", () => TestChain.Create().WithCertificate(der => der[..^1])),
        ["certificate in BER"] = (AttestationFailure.CertificateMalformed, "certificate is not", () => TestChain.Create().WithCertificate(der => [0x30, 0x80, .. der[4..], 0, 0])),
    };

    /// <summary>Certificates written by hand, for what CertificateRequest does not write. Parsed only.</summary>
    internal static readonly Dictionary<string, (AttestationFailure Failure, Func<HandmadeCertificate, HandmadeCertificate> Break)> BrokenCertificates = new()
    {
        ["version 1"] = (AttestationFailure.CertificateMalformed, c => c with { Version = 0 }),
        ["version 2"] = (AttestationFailure.CertificateMalformed, c => c with { Version = 1 }),
        ["other algorithm inside than outside"] = (AttestationFailure.CertificateAlgorithm, c => c with { InnerAlgorithm = "1.2.840.10045.4.3.2" }),
        ["other algorithm outside than inside"] = (AttestationFailure.CertificateAlgorithm, c => c with { OuterAlgorithm = "1.2.840.10045.4.3.2" }),
        ["compressed point"] = (AttestationFailure.CertificateAlgorithm, c => c with { Point = [0x02, .. new byte[48]] }),
        ["short point"] = (AttestationFailure.CertificateAlgorithm, c => c with { Point = [0x04, .. new byte[95]] }),
        ["empty point"] = (AttestationFailure.CertificateAlgorithm, c => c with { Point = [] }),
        ["extension twice"] = (AttestationFailure.CertificateExtension, c => c with { Extensions = [.. c.Extensions, c.Extensions[0]] }),
        ["no extensions"] = (AttestationFailure.CertificateMalformed, c => c with { Extensions = [] }),
        ["criticality spelt out as false"] = (AttestationFailure.CertificateMalformed, c => c with { SpellOutDefaults = true }),
        ["fraction of a second"] = (AttestationFailure.CertificateMalformed, c => c with { Fraction = true }),
        ["path length without authority"] = (AttestationFailure.CertificateMalformed, c => c with { Extensions = [("2.5.29.19", true, [0x30, 0x03, 0x02, 0x01, 0x00])] }),
        ["negative path length"] = (AttestationFailure.CertificateMalformed, c => c with { Extensions = [("2.5.29.19", true, [0x30, 0x06, 0x01, 0x01, 0xFF, 0x02, 0x01, 0xFF])] }),
        ["huge path length"] = (AttestationFailure.CertificateMalformed, c => c with { Extensions = [("2.5.29.19", true, [0x30, 0x0A, 0x01, 0x01, 0xFF, 0x02, 0x05, 0x01, 0, 0, 0, 0])] }),
        ["more in basic constraints"] = (AttestationFailure.CertificateMalformed, c => c with { Extensions = [("2.5.29.19", true, [0x30, 0x05, 0x01, 0x01, 0xFF, 0x05, 0x00])] }),
        ["more after basic constraints"] = (AttestationFailure.CertificateMalformed, c => c with { Extensions = [("2.5.29.19", true, [0x30, 0x00, 0x05, 0x00])] }),
        ["key usage as octets"] = (AttestationFailure.CertificateMalformed, c => c with { Extensions = [("2.5.29.15", true, [0x04, 0x01, 0x80])] }),
        ["unique identifier"] = (AttestationFailure.CertificateMalformed, c => c with { UniqueIdentifier = true }),
    };

    public static TheoryData<string> ChainCases => [.. BrokenChains.Keys];

    public static TheoryData<string> CertificateCases => [.. BrokenCertificates.Keys];

    [Theory]
    [MemberData(nameof(ChainCases))]
    public void Verify_chain_that_breaks_a_rule_is_refused_with_its_name(string what)
    {
        (AttestationFailure failure, string reason, Func<TestChain> make) = BrokenChains[what];
        TestChain chain = make();

        AttestationVerifierTests.AssertRefused(failure, reason, chain.Verify(chain.Sign(chain.Document())));
    }

    [Fact]
    public void Parse_handmade_certificate_is_understood()
    {
        var certificate = AttestationCertificate.Parse(new HandmadeCertificate().Encode(), "certificate");

        Assert.Equal((true, 3, true, true), (certificate.IsAuthority, certificate.PathLength, certificate.MaySign, certificate.MaySignCertificates));
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), certificate.NotBefore);
        Assert.Equal(new DateTimeOffset(2056, 1, 1, 0, 0, 0, TimeSpan.Zero), certificate.NotAfter);
    }

    [Theory]
    [MemberData(nameof(CertificateCases))]
    public void Parse_certificate_that_breaks_a_rule_is_refused_with_its_name(string what)
    {
        (AttestationFailure failure, Func<HandmadeCertificate, HandmadeCertificate> breakIt) = BrokenCertificates[what];

        AttestationRejectedException exception = Assert.Throws<AttestationRejectedException>(() => AttestationCertificate.Parse(breakIt(new HandmadeCertificate()).Encode(), "certificate"));

        Assert.Equal(failure, exception.Failure);
    }

    [Fact]
    public void VerifyCertificate_key_that_is_no_point_of_the_curve_verifies_nothing()
    {
        var certificate = AttestationCertificate.Parse((new HandmadeCertificate() with { Point = [0x04, .. new byte[95], 0x01] }).Encode(), "certificate");

        Assert.False(certificate.VerifyCertificate(certificate));
        Assert.False(certificate.VerifyDocument([1, 2, 3], new byte[96]));
    }

    [Fact]
    public void Verify_validity_includes_its_first_and_last_second()
    {
        var chain = TestChain.Create(Enclave, c => c with { NotBefore = TestChain.Now, NotAfter = TestChain.Now });

        Assert.Equal("valid", chain.Verify(chain.Sign(chain.Document())).Reason);
    }

    [Fact]
    public void Verify_root_that_signs_the_enclave_itself_is_valid()
    {
        var chain = TestChain.Create([TestChain.Default[Root] with { PathLength = 0 }, TestChain.Default[Enclave]]);

        Assert.Equal("valid", chain.Verify(chain.Sign(chain.Document())).Reason);
    }

    [Fact]
    public void Verify_enclave_without_basic_constraints_is_valid()
    {
        var chain = TestChain.Create(Enclave, c => c with { IsAuthority = null });

        Assert.Equal("valid", chain.Verify(chain.Sign(chain.Document())).Reason);
    }

    [Fact]
    public void Verify_unknown_extension_that_is_not_critical_is_passed_over()
    {
        var chain = TestChain.Create(Zone, c => c with { Extensions = [new X509Extension("1.2.3.4", [0x05, 0x00], critical: false)] });

        Assert.Equal("valid", chain.Verify(chain.Sign(chain.Document())).Reason);
    }

    [Fact]
    public void Verify_authority_left_out_or_out_of_order_is_refused()
    {
        var chain = TestChain.Create();
        AttestationDocument document = chain.Document();

        AttestationVerdict gap = chain.Verify(chain.Sign(document with { CaBundle = [document.CaBundle[0], document.CaBundle[1], document.CaBundle[3]] }));
        AttestationVerdict order = chain.Verify(chain.Sign(document with { CaBundle = [document.CaBundle[0], document.CaBundle[2], document.CaBundle[1], document.CaBundle[3]] }));

        Assert.Equal(AttestationFailure.CertificateName, gap.Failure);
        Assert.Equal(AttestationFailure.CertificatePathLength, order.Failure);
    }

    [Fact]
    public void Verify_enclave_certificate_of_another_chain_under_the_pinned_root_is_refused()
    {
        var trusted = TestChain.Create();
        var forged = TestChain.Create();
        AttestationDocument document = forged.Document() with { CaBundle = [trusted.Authorities[0], .. forged.Document().CaBundle.Skip(1)] };

        AttestationVerifierTests.AssertRefused(AttestationFailure.CertificateSignature, "cabundle[1] was not signed", trusted.Verify(forged.Sign(document)));
    }

    [Fact]
    public void Verify_certificates_exchanged_for_others_are_refused()
    {
        var chain = TestChain.Create();
        AttestationDocument document = chain.Document();
        IReadOnlyList<ReadOnlyMemory<byte>> bundle = document.CaBundle;
        AttestationVerdict verify(AttestationDocument changed) => chain.Verify(chain.Sign(changed));

        AttestationVerdict withItsIssuer = verify(document with { Certificate = bundle[3], CaBundle = [.. bundle.Take(3), document.Certificate] });
        AttestationVerdict ofAnAuthority = verify(document with { Certificate = bundle[3], CaBundle = [.. bundle.Take(3)] });
        AttestationVerdict ofAnotherEnclave = verify(document with { Certificate = TestChain.Create().Certificate });
        AttestationVerdict rootLast = verify(document with { CaBundle = [.. bundle.Skip(1), bundle[0]] });
        AttestationVerdict rootAlone = verify(document with { CaBundle = [bundle[0]] });

        AttestationVerifierTests.AssertRefused(AttestationFailure.CertificateBasicConstraints, "cabundle[3] is not a certificate authority", withItsIssuer);
        AttestationVerifierTests.AssertRefused(AttestationFailure.CertificateBasicConstraints, "certificate is a certificate authority", ofAnAuthority);
        AttestationVerifierTests.AssertRefused(AttestationFailure.CertificateSignature, "certificate was not signed by the certificate above it", ofAnotherEnclave);
        AttestationVerifierTests.AssertRefused(AttestationFailure.RootMismatch, "cabundle[0] is not the pinned root", rootLast);
        AttestationVerifierTests.AssertRefused(AttestationFailure.CertificateName, "certificate names another issuer", rootAlone);
    }

    [Fact]
    public void Verify_enclave_key_that_signs_certificates_for_others_is_refused()
    {
        // What an enclave could try with the key behind its own certificate, were basic constraints not looked at.
        var chain = TestChain.Create([.. TestChain.Default, TestChain.Default[Enclave] with { Subject = "CN=forged" }]);

        AttestationVerdict verdict = chain.Verify(chain.Sign(chain.Document()));

        Assert.Equal(AttestationFailure.CertificatePathLength, verdict.Failure);
        chain = TestChain.Create([TestChain.Default[Root], TestChain.Default[Enclave], TestChain.Default[Enclave] with { Subject = "CN=forged" }]);
        Assert.Equal(AttestationFailure.CertificateBasicConstraints, chain.Verify(chain.Sign(chain.Document())).Failure);
    }

    private static Func<TestChain> Change(int index, Func<TestCertificate, TestCertificate> change) => () => TestChain.Create(index, change);
}
