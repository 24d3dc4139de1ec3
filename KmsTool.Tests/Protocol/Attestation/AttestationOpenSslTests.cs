using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Attestation;

namespace KmsTool.Tests.Protocol.Attestation;

/// <summary>Certificates and signatures of the openssl program, and its opinion of ours.</summary>
public sealed class AttestationOpenSslTests : IDisposable
{
    private readonly OpenSsl _openSsl = new();

    public void Dispose() => _openSsl.Dispose();

    [Fact]
    public async Task Verify_document_made_with_openssl_is_valid()
    {
        await MakeAuthorityAsync("root", "/C=US/O=Test/CN=root", "critical,CA:TRUE", "critical,keyCertSign,cRLSign,digitalSignature", issuer: null);
        await MakeAuthorityAsync("zone", "/C=US/O=Test/CN=zone", "critical,CA:TRUE,pathlen:0", "critical,keyCertSign", issuer: "root");
        await MakeAuthorityAsync("enclave", "/CN=enclave", "critical,CA:FALSE", "digitalSignature,nonRepudiation", issuer: "zone");
        byte[] root = Der("root");
        AttestationDocument document = TestChain.Create().Document() with { CaBundle = [root, Der("zone")], Certificate = Der("enclave") };
        byte[] payload = document.EncodePayload();

        using var placeholder = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        byte[] cose = CoseSign1.Sign(payload, placeholder, tagged: true);
        _openSsl.Write("tbs", CoseSign1.Parse(cose).ToBeSigned);
        await _openSsl.RunAsync("dgst", "-sha384", "-sign", "enclave.key", "-out", "signature", "tbs");
        FixedLengthSignature(_openSsl.Read("signature")).CopyTo(cose, cose.Length - CoseSign1.SignatureLength);

        using X509Certificate2 rootCertificate = X509CertificateLoader.LoadCertificate(root);
        AttestationVerdict verdict = new AttestationVerifier(AttestationRoot.FromCertificate(rootCertificate)).Verify(cose, rootCertificate.NotBefore.AddMinutes(1));
        Assert.Equal("valid", verdict.Reason);
    }

    [Fact]
    public async Task Sign_makes_a_signature_that_openssl_verifies()
    {
        var chain = TestChain.Create();
        var cose = CoseSign1.Parse(chain.Sign(chain.Document()));
        _openSsl.Write("key", chain.Key.ExportSubjectPublicKeyInfoPem());
        _openSsl.Write("tbs", cose.ToBeSigned);
        _openSsl.Write("signature", SequenceOf(cose.Signature.Span[..48], cose.Signature.Span[48..]));

        string output = await _openSsl.RunAsync("dgst", "-sha384", "-verify", "key", "-signature", "signature", "tbs");

        Assert.Equal("Verified OK", output.Trim());
    }

    [Fact]
    public async Task Chain_that_is_valid_to_us_is_valid_to_openssl()
    {
        var chain = TestChain.Create();
        _openSsl.Write("root", Pem(chain.Authorities[0]));
        _openSsl.Write("untrusted", string.Concat(chain.Authorities.Skip(1).Select(Pem)));
        _openSsl.Write("certificate", Pem(chain.Certificate));

        string output = await _openSsl.RunAsync(
            "verify", "-attime", $"{TestChain.Now.ToUnixTimeSeconds()}", "-no-CApath", "-no-CAstore", "-CAfile", "root", "-untrusted", "untrusted", "certificate");

        Assert.Equal("certificate: OK", output.Trim());
    }

    private async Task MakeAuthorityAsync(string name, string subject, string basicConstraints, string keyUsage, string? issuer)
    {
        _openSsl.Write(
            $"{name}.cnf",
            $"[req]\ndistinguished_name=dn\n[dn]\n[ext]\nbasicConstraints={basicConstraints}\nkeyUsage={keyUsage}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n");
        await _openSsl.RunAsync("ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", $"{name}.key");
        await _openSsl.RunAsync("req", "-new", "-config", $"{name}.cnf", "-key", $"{name}.key", "-subj", subject, "-out", $"{name}.csr");
        string[] signer = issuer is null ? ["-signkey", $"{name}.key"] : ["-CA", $"{issuer}.pem", "-CAkey", $"{issuer}.key", "-CAcreateserial"];
        await _openSsl.RunAsync(
            ["x509", "-req", "-sha384", "-days", "2", "-in", $"{name}.csr", "-extfile", $"{name}.cnf", "-extensions", "ext", .. signer, "-out", $"{name}.pem"]);
        await _openSsl.RunAsync("x509", "-in", $"{name}.pem", "-outform", "DER", "-out", $"{name}.der");
    }

    private byte[] Der(string name) => _openSsl.Read($"{name}.der");

    private static string Pem(byte[] der) => PemEncoding.WriteString("CERTIFICATE", der) + "\n";

    private static byte[] FixedLengthSignature(byte[] sequence)
    {
        AsnReader reader = new AsnReader(sequence, AsnEncodingRules.DER).ReadSequence();
        return [.. Coordinate(reader), .. Coordinate(reader)];
    }

    private static byte[] Coordinate(AsnReader reader)
    {
        byte[] value = reader.ReadInteger().ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[48 - value.Length], .. value];
    }

    private static byte[] SequenceOf(ReadOnlySpan<byte> r, ReadOnlySpan<byte> s)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(new BigInteger(r, isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(new BigInteger(s, isUnsigned: true, isBigEndian: true));
        }
        return writer.Encode();
    }
}
