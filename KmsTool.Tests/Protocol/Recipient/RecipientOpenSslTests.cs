using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Tests.Protocol.Recipient;

/// <summary>Envelopes of the openssl program, and its opinion of ours.</summary>
public sealed class RecipientOpenSslTests : IDisposable
{
    private readonly OpenSsl _openSsl = new();

    public RecipientOpenSslTests()
    {
        // openssl finds the recipient by the key identifier in a certificate; KMS's has 32 bytes.
        var request = new CertificateRequest("CN=recipient", TestRecipient.Key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(SHA256.HashData(TestRecipient.KeyPair.PublicKey.Span), critical: false));
        using X509Certificate2 certificate = request.CreateSelfSigned(new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new(2126, 1, 1, 0, 0, 0, TimeSpan.Zero));
        _openSsl.Write("certificate", certificate.ExportCertificatePem());
        _openSsl.Write("key", TestRecipient.Key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => _openSsl.Dispose();

    [Theory]
    [InlineData(0, null)]
    [InlineData(32, 1)]
    [InlineData(4096, 16)]
    public async Task Seal_makes_what_openssl_decrypts(int length, int? chunks)
    {
        byte[] plaintext = RandomNumberGenerator.GetBytes(length);
        RecipientEnvelopeShape shape = chunks is { } count ? RecipientEnvelopeShape.Constructed(count) : RecipientEnvelopeShape.Primitive;
        _openSsl.Write("envelope", RecipientEnvelope.Seal(plaintext, TestRecipient.KeyPair.PublicKey.Span, shape));

        await _openSsl.RunAsync("cms", "-decrypt", "-binary", "-inform", "DER", "-in", "envelope", "-recip", "certificate", "-inkey", "key", "-out", "plaintext");

        Assert.Equal(plaintext, _openSsl.Read("plaintext"));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(32, false)]
    [InlineData(4096, false)]
    [InlineData(0, true)]
    [InlineData(32, true)]
    [InlineData(4096, true)]
    public async Task Open_what_openssl_encrypted_gives_the_plaintext(int length, bool isStreamed)
    {
        byte[] plaintext = RandomNumberGenerator.GetBytes(length);

        byte[] envelope = await EncryptAsync(plaintext, isStreamed ? "-stream" : "-nosmimecap", "-aes-256-cbc", "-keyid", "rsa_oaep_md:sha256");
        using SensitiveBytes opened = TestRecipient.KeyPair.Open(envelope);

        Assert.Equal(plaintext, opened.Span.ToArray());
    }

    [Theory]
    [InlineData("-aes-128-cbc", "-keyid", "rsa_oaep_md:sha256")]
    [InlineData("-aes-256-cbc", "-binary", "rsa_oaep_md:sha256")]
    [InlineData("-aes-256-cbc", "-keyid", "rsa_oaep_md:sha1")]
    [InlineData("-aes-256-cbc", "-keyid", "rsa_mgf1_md:sha1")]
    public async Task Open_what_openssl_encrypted_in_another_shape_fails_uniformly(string cipher, string recipientIdentifier, string oaep) =>
        RecipientKeyPairTests.AssertFailsUniformly(await EncryptAsync([1, 2, 3], "-binary", cipher, recipientIdentifier, oaep));

    private async Task<byte[]> EncryptAsync(byte[] plaintext, string stream, string cipher, string recipientIdentifier, string oaep)
    {
        _openSsl.Write("plaintext", plaintext);
        await _openSsl.RunAsync(
            "cms", "-encrypt", "-binary", stream, cipher, recipientIdentifier, "-in", "plaintext", "-outform", "DER", "-out", "envelope",
            "-recip", "certificate", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", oaep);
        return _openSsl.Read("envelope");
    }
}
