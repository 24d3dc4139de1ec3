using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;
using static KmsTool.Tests.Protocol.CborBytes;

namespace KmsTool.Tests.Protocol.Attestation;

public sealed class AttestationDocumentTests
{
    [Fact]
    public void EncodePayload_gives_the_members_in_the_order_of_devices()
    {
        var document = new AttestationDocument
        {
            ModuleId = "i-1",
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(1),
            Pcrs = new Dictionary<int, ReadOnlyMemory<byte>> { [1] = new byte[] { 9 }, [0] = new byte[] { 8 } },
            Certificate = new byte[] { 2 },
            CaBundle = [new byte[] { 3 }, new byte[] { 4 }],
            UserData = Array.Empty<byte>(),
        };

        byte[] expected = Map(
            Text("module_id"), Text("i-1"),
            Text("digest"), Text("SHA384"),
            Text("timestamp"), Number(1),
            Text("pcrs"), Map(Number(0), Bytes(8), Number(1), Bytes(9)),
            Text("certificate"), Bytes(2),
            Text("cabundle"), List(Bytes(3), Bytes(4)),
            Text("public_key"), Null,
            Text("user_data"), Bytes(),
            Text("nonce"), Null);
        Assert.Equal(expected, document.EncodePayload());
    }

    [Fact]
    public void IsDebug_PCR0_of_zeros_is_debug_whatever_the_others_are()
    {
        AttestationDocument document = TestChain.Create().Document();
        byte[] almostZero = new byte[48];
        almostZero[47] = 1;

        Assert.False(document.IsDebug);
        Assert.True((document with { Pcrs = new Dictionary<int, ReadOnlyMemory<byte>> { [0] = new byte[48], [4] = TestChain.Pcr(4) } }).IsDebug);
        Assert.True((document with { Pcrs = new Dictionary<int, ReadOnlyMemory<byte>> { [4] = TestChain.Pcr(4) } }).IsDebug);
        Assert.False((document with { Pcrs = new Dictionary<int, ReadOnlyMemory<byte>> { [0] = almostZero } }).IsDebug);
    }

    [Fact]
    public void FromCertificate_pins_that_certificate_and_no_other()
    {
        byte[] der = TestChain.Create().Authorities[0];
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
        var root = AttestationRoot.FromCertificate(certificate);

        Assert.True(root.Matches(der));
        Assert.False(root.Matches([.. der, 0]));
        Assert.False(root.Matches(TestChain.Create().Authorities[0]));
        Assert.False(AttestationRoot.Aws.Matches(der));
    }

    [Fact]
    public void Sign_gives_the_structure_of_devices()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        byte[] untagged = CoseSign1.Sign(new byte[] { 0xA0 }, key, tagged: false);
        byte[] tagged = CoseSign1.Sign(new byte[] { 0xA0 }, key, tagged: true);

        // Array of 4; bytes {1: -35}; empty map; bytes A0; 96 bytes. RFC 9052 section 4.2; tag 18 is D2.
        Assert.Equal("8444A1013822A041A05860", Convert.ToHexString(untagged)[..22]);
        Assert.Equal("D28444A1013822A041A05860", Convert.ToHexString(tagged)[..24]);
        Assert.Equal(11 + 96, untagged.Length);
        // "Signature1", the protected header, no external data, the payload: RFC 9052 section 4.4.
        Assert.Equal("846A5369676E61747572653144A10138224041A0", Convert.ToHexString(CoseSign1.Parse(untagged).ToBeSigned));
    }
}
