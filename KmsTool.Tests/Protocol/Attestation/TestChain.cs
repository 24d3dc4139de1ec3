using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Tests.Protocol.Attestation;

/// <summary>A PKI shaped like that of AWS Nitro Enclaves: root, region, zone, instance, enclave. Made with CertificateRequest.</summary>
internal sealed class TestChain
{
    public static readonly DateTimeOffset Now = new(2026, 3, 14, 15, 9, 26, TimeSpan.Zero);

    private TestChain(IReadOnlyList<byte[]> authorities, byte[] certificate, ECDsa key)
    {
        Authorities = authorities;
        Certificate = certificate;
        Key = key;
        Root = AttestationRoot.FromCertificate(X509CertificateLoader.LoadCertificate(authorities[0]));
    }

    /// <summary>The default chain; index 0 is the root, 4 the enclave.</summary>
    public static IReadOnlyList<TestCertificate> Default { get; } =
    [
        new() { Subject = "C=US, O=Test, CN=test.nitro-enclaves", NotBefore = Now.AddYears(-5), NotAfter = Now.AddYears(25) },
        new() { Subject = "C=US, O=Test, CN=region.test.nitro-enclaves", PathLength = 2 },
        new() { Subject = "C=US, O=Test, CN=zone.region.test.nitro-enclaves", PathLength = 1 },
        new() { Subject = "C=US, O=Test, CN=i-0123456789abcdef0.test.nitro-enclaves", PathLength = 0, KeyUsage = X509KeyUsageFlags.KeyCertSign },
        new()
        {
            Subject = "C=US, O=Test, CN=i-0123456789abcdef0-enc0123456789abcdef.test",
            IsAuthority = false,
            KeyUsage = X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation,
        },
    ];

    public IReadOnlyList<byte[]> Authorities { get; }

    public byte[] Certificate { get; }

    /// <summary>The enclave's key.</summary>
    public ECDsa Key { get; }

    public AttestationRoot Root { get; }

    /// <summary>Makes the default chain.</summary>
    public static TestChain Create() => Create(Default);

    /// <summary>Makes the default chain with one certificate changed.</summary>
    public static TestChain Create(int index, Func<TestCertificate, TestCertificate> change) =>
        Create([.. Default.Select((certificate, i) => i == index ? change(certificate) : certificate)]);

    public static TestChain Create(IReadOnlyList<TestCertificate> certificates)
    {
        var encoded = new List<byte[]>();
        ECDsa? above = null;
        string issuer = certificates[0].Subject;
        foreach (TestCertificate certificate in certificates)
        {
            var key = ECDsa.Create(certificate.Curve);
            encoded.Add(certificate.Encode(key, issuer, above ?? key));
            above = key;
            issuer = certificate.Subject;
        }
        return new TestChain(encoded[..^1], encoded[^1], above!);
    }

    /// <summary>The same chain and key with other bytes in place of the enclave's certificate.</summary>
    public TestChain WithCertificate(Func<byte[], byte[]> change) => new(Authorities, change(Certificate), Key);

    public AttestationDocument Document() => new()
    {
        ModuleId = "i-0123456789abcdef0-enc0123456789abcdef",
        Timestamp = Now,
        Pcrs = Enumerable.Range(0, 16).ToDictionary(index => index, index => (ReadOnlyMemory<byte>)Pcr(index)),
        Certificate = Certificate,
        CaBundle = [.. Authorities.Select(authority => (ReadOnlyMemory<byte>)authority)],
        PublicKey = new byte[] { 1, 2, 3 },
        UserData = new byte[] { 4, 5 },
        Nonce = new byte[] { 6 },
    };

    public byte[] Sign(AttestationDocument document, bool tagged = false) => Sign(document.EncodePayload(), tagged);

    public byte[] Sign(byte[] payload, bool tagged = false) => CoseSign1.Sign(payload, Key, tagged);

    public AttestationVerdict Verify(byte[] document, AttestationExpectations? expectations = null) =>
        new AttestationVerifier(Root).Verify(document, Now, expectations);

    /// <summary>PCR0 is 48 bytes of 0x10, PCR1 of 0x11 and so on.</summary>
    public static byte[] Pcr(int index)
    {
        byte[] value = new byte[48];
        Array.Fill(value, (byte)(0x10 + index));
        return value;
    }
}
