using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using KmsTool.Protocol.Images;

namespace KmsTool.Tests.Protocol.Images;

/// <summary>Signed images: PCR8, and every rule of the signature broken in turn.</summary>
public sealed class ImageSignatureTests : IDisposable
{
    private readonly TestSigner _signer = new();
    private readonly string _pcr0 = TestImage.CreateSmall().Pcr0();

    public void Dispose() => _signer.Dispose();

    [Fact]
    public async Task Read_of_a_signed_image_verifies_it_and_measures_the_certificate()
    {
        EnclaveImage image = await ReadAsync(_signer.Section(_pcr0));

        Assert.Equal([0, 1, 2, 8], image.Pcrs.Keys.Order());
        Assert.Equal(_pcr0, Convert.ToHexStringLower(image.Pcrs[0].Span));
        Assert.Equal(TestImage.Pcr(_signer.Certificate), Convert.ToHexStringLower(image.Pcrs[8].Span));
        Assert.Equal(_signer.Certificate, image.Signature!.Certificate.ToArray());
        Assert.Equal(image.Pcrs[0].ToArray(), image.Signature.SignedPcr0.ToArray());
        Assert.Equal(("CN=signer, O=Example", "CN=signer, O=Example"), (image.Signature.Subject, image.Signature.Issuer));
        Assert.Equal((TestSigner.NotBefore, TestSigner.NotAfter), (image.Signature.NotBefore, image.Signature.NotAfter));
    }

    [Fact]
    public async Task Read_takes_bytes_and_text_where_AWS_writes_numbers()
    {
        byte[] signature = _signer.Sign(TestSigner.Payload(0, CborBytes.Bytes(Convert.FromHexString(_pcr0))));
        string chain = "A comment\n" + PemEncoding.WriteString("EC PARAMETERS", [6, 5, 43, 129, 4, 0, 34]) + "\n" + _signer.Pem + "more\n";
        foreach (byte[] certificate in new[] { CborBytes.Text(_signer.Pem), CborBytes.Bytes(_signer.Certificate), CborBytes.Text(chain) })
        {
            EnclaveImage image = await ReadAsync(TestSigner.Section(certificate, CborBytes.Bytes(signature)));

            Assert.Equal(_signer.Certificate, image.Signature!.Certificate.ToArray());
        }
    }

    [Theory]
    [InlineData("prime256v1", "sha256", 256)]
    [InlineData("secp384r1", "sha384", 384)]
    [InlineData("secp521r1", "sha512", 521)]
    public async Task Read_of_what_openssl_signed_verifies_it(string curve, string hash, int bits)
    {
        using var openSsl = new OpenSsl();
        await openSsl.RunAsync("ecparam", "-name", curve, "-genkey", "-noout", "-out", "key.pem");
        await openSsl.RunAsync("req", "-new", "-x509", "-key", "key.pem", "-sha384", "-subj", "/CN=openssl", "-days", "20", "-out", "certificate.pem");
        await openSsl.RunAsync("x509", "-in", "certificate.pem", "-outform", "DER", "-out", "certificate.der");
        byte[] payload = TestSigner.Payload(0, TestSigner.Numbers(Convert.FromHexString(_pcr0)));
        byte[] protectedHeader = TestSigner.ProtectedHeader(bits);
        openSsl.Write("tbs", TestSigner.ToBeSigned(protectedHeader, payload));
        await openSsl.RunAsync("dgst", "-" + hash, "-sign", "key.pem", "-out", "signature.der", "tbs");
        byte[] cose = TestSigner.Cose(protectedHeader, payload, ToFixedLength(openSsl.Read("signature.der"), (bits + 7) / 8));

        EnclaveImage image = await ReadAsync(TestSigner.Section(TestSigner.Numbers(openSsl.Read("certificate.pem")), TestSigner.Numbers(cose)));

        Assert.Equal("CN=openssl", image.Signature!.Subject);
        Assert.Equal(TestImage.Pcr(openSsl.Read("certificate.der")), Convert.ToHexStringLower(image.Pcrs[8].Span));
    }

    [Fact]
    public async Task Read_where_another_image_or_register_is_signed_is_refused()
    {
        byte[] other = new byte[48];

        Assert.Equal(
            (EnclaveImageFailure.SignedPcr, $"signature.register_value: {Convert.ToHexStringLower(other)}, expected PCR0 of this image, {_pcr0}"),
            await RefusalAsync(Signed(TestSigner.Payload(0, TestSigner.Numbers(other)))));
        Assert.Equal(
            (EnclaveImageFailure.SignedPcr, "signature.register_index: 8, expected 0"),
            await RefusalAsync(Signed(TestSigner.Payload(8, TestSigner.Numbers(Convert.FromHexString(_pcr0))))));
        Assert.Equal(
            (EnclaveImageFailure.SignedPcr, $"signature.register_value: 9000 bytes, expected PCR0 of this image, {_pcr0}"),
            await RefusalAsync(Signed(TestSigner.Payload(0, CborBytes.Bytes(new byte[9000])))));
    }

    [Fact]
    public async Task Read_where_another_key_signed_is_refused()
    {
        using var other = new TestSigner();
        byte[] payload = TestSigner.Payload(0, TestSigner.Numbers(Convert.FromHexString(_pcr0)));

        Assert.Equal(
            (EnclaveImageFailure.SignatureInvalid, "signature.signature: not made by the key of the certificate, expected one that is"),
            await RefusalAsync(TestSigner.Section(CborBytes.Text(other.Pem), CborBytes.Bytes(_signer.Sign(payload)))));
    }

    /// <summary>Each algorithm is bound to its curve, so another one's hash and header do not pass, whoever has signed.</summary>
    [Theory]
    [InlineData(256, 384, "P-384, as the signature is by ES384")]
    [InlineData(256, 521, "P-521, as the signature is by ES512")]
    [InlineData(384, 256, "P-256, as the signature is by ES256")]
    [InlineData(384, 521, "P-521, as the signature is by ES512")]
    [InlineData(521, 256, "P-256, as the signature is by ES256")]
    [InlineData(521, 384, "P-384, as the signature is by ES384")]
    public async Task Read_where_the_algorithm_is_of_another_curve_is_refused(int keyBits, int algorithmBits, string expected)
    {
        using var signer = new TestSigner(Curve(keyBits));
        byte[] payload = TestSigner.Payload(0, TestSigner.Numbers(Convert.FromHexString(_pcr0)));
        byte[] signature = signer.Sign(payload, algorithmBits);
        byte[] fitted = TestSigner.Cose(TestSigner.ProtectedHeader(algorithmBits), payload, new byte[2 * ((algorithmBits + 7) / 8)]);

        Assert.Equal(EnclaveImageFailure.SignatureMalformed, (await RefusalAsync(TestSigner.Section(CborBytes.Text(signer.Pem), CborBytes.Bytes(signature)))).Failure);
        Assert.Equal(
            (EnclaveImageFailure.SigningCertificate, $"signature.signing_certificate: has another key, expected one on {expected}"),
            await RefusalAsync(TestSigner.Section(CborBytes.Text(signer.Pem), CborBytes.Bytes(fitted))));
    }

    [Theory]
    [InlineData(256)]
    [InlineData(384)]
    [InlineData(521)]
    public async Task Read_of_a_changed_signature_is_refused(int bits)
    {
        using var signer = new TestSigner(Curve(bits));
        byte[] signature = signer.Sign(TestSigner.Payload(0, TestSigner.Numbers(Convert.FromHexString(_pcr0))));
        Assert.NotNull((await ReadAsync(TestSigner.Section(CborBytes.Text(signer.Pem), CborBytes.Bytes(signature)))).Signature);
        signature[^1] ^= 1;

        (EnclaveImageFailure failure, _) = await RefusalAsync(TestSigner.Section(CborBytes.Text(signer.Pem), CborBytes.Bytes(signature)));

        Assert.Equal(EnclaveImageFailure.SignatureInvalid, failure);
    }

    /// <summary>Bottlerocket's builder includes the flags in the PCR0 that it signs.</summary>
    [Fact]
    public async Task Read_of_an_image_with_further_flags_takes_a_signature_of_another_PCR0()
    {
        string signed = new string('a', 96);
        var image = TestImage.CreateSmall();
        image.Sections.Add((TestImage.SignatureType, _signer.Section(signed)));

        EnclaveImage read = await EnclaveImage.MeasureAsync(new MemoryStream(image.EncodeWith(6, 0x0240, 2)));

        Assert.Equal(signed, Convert.ToHexStringLower(read.Signature!.SignedPcr0.Span));
        Assert.Equal(image.Pcr0(), Convert.ToHexStringLower(read.Pcrs[0].Span));
        // Without them, or where it is not a PCR, it is refused.
        Assert.Equal(EnclaveImageFailure.SignedPcr, await FailureAsync(image.Encode()));
        image.Sections[^1] = (TestImage.SignatureType, _signer.Section(signed[2..]));
        Assert.Equal(EnclaveImageFailure.SignedPcr, await FailureAsync(image.EncodeWith(6, 0x0240, 2)));

        static async Task<EnclaveImageFailure> FailureAsync(byte[] encoded) =>
            (await Assert.ThrowsAsync<EnclaveImageException>(() => EnclaveImage.MeasureAsync(new MemoryStream(encoded)))).Failure;
    }

    [Fact]
    public async Task Read_of_a_certificate_that_is_none_is_refused()
    {
        using var rsa = RSA.Create(2048);
        using X509Certificate2 rsaCertificate = new CertificateRequest("CN=rsa", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(TestSigner.NotBefore, TestSigner.NotAfter);
        foreach ((byte[] certificate, string reason) in new (byte[], string)[]
        {
            (CborBytes.Text(""), "no certificate, expected PEM or DER"),
            (CborBytes.Text("certificate"), "no certificate, expected PEM or DER"),
            (CborBytes.Text(PemEncoding.WriteString("PUBLIC KEY", _signer.Key.ExportSubjectPublicKeyInfo())), "no certificate, expected PEM or DER"),
            (CborBytes.Text(PemEncoding.WriteString("CERTIFICATE", [1, 2, 3])), "not DER, expected an X.509 certificate"),
            (CborBytes.Bytes(_signer.Certificate[..^1]), "not DER, expected an X.509 certificate"),
            (CborBytes.Bytes([.. _signer.Certificate, 0, 0]), "2 bytes after the certificate, expected none"),
            (CborBytes.Bytes(0x30, 0x00), "cannot be read, expected an X.509 certificate"),
            (CborBytes.Bytes(rsaCertificate.RawData), "has another key, expected one on P-384, as the signature is by ES384"),
        })
        {
            Assert.Equal(
                (EnclaveImageFailure.SigningCertificate, $"signature.signing_certificate: {reason}"),
                await RefusalAsync(TestSigner.Section(certificate, CborBytes.Bytes(SignedPcr0()))));
        }
    }

    [Fact]
    public async Task Read_of_a_section_of_another_structure_is_refused()
    {
        byte[] certificate = CborBytes.Text(_signer.Pem);
        byte[] signature = CborBytes.Bytes(SignedPcr0());
        byte[] pair = TestSigner.Pair(certificate, signature);
        foreach ((byte[] section, string reason) in new (byte[], string)[]
        {
            (pair, "expected an array, found StartMap"),
            (CborBytes.List(), "0 signatures, not 1"),
            (CborBytes.List(pair, pair), "2 signatures, not 1"),
            (CborBytes.IndefiniteList(pair), "the array has an indefinite length"),
            ([.. CborBytes.List(pair), 0], "1 bytes after the value"),
            (CborBytes.List(CborBytes.Map(CborBytes.Text("signature"), signature)), "the map has 1 keys, not 2"),
            (CborBytes.List(CborBytes.Map(CborBytes.Text("signature"), signature, CborBytes.Text("other"), signature)), "the map has another key"),
            (CborBytes.List(CborBytes.Map(CborBytes.Text("signing_certificate"), certificate, CborBytes.Text("signature"), CborBytes.Number(1))), "expected bytes of definite length, found UnsignedInteger"),
            (TestSigner.Section(CborBytes.List(CborBytes.Number(256)), signature), "256 is not a byte"),
        })
        {
            (EnclaveImageFailure failure, string message) = await RefusalAsync(section);

            Assert.Equal(EnclaveImageFailure.SignatureMalformed, failure);
            Assert.Equal($"signature: {reason}; expected an array of one map with signing_certificate and signature", message);
        }
    }

    [Theory]
    [InlineData("80", "signature.signature: not a COSE_Sign1 structure: the array has 0 items, not 4; expected COSE_Sign1 with ES256, ES384, ES512")]
    [InlineData("8443A10127A04040", "signature.signature: the protected header names another algorithm, or more than the algorithm; expected COSE_Sign1 with ES256, ES384, ES512")]
    [InlineData("8445A201260440A04040", "signature.signature: the protected header names another algorithm, or more than the algorithm; expected COSE_Sign1 with ES256, ES384, ES512")]
    [InlineData("8443A10126A04040", "signature.signature: 0 bytes, not the 64 of ES256; expected COSE_Sign1 with ES256, ES384, ES512")]
    [InlineData("8444A1013823A04040", "signature.signature: 0 bytes, not the 132 of ES512; expected COSE_Sign1 with ES256, ES384, ES512")]
    public async Task Read_of_another_COSE_structure_is_refused(string cose, string message) =>
        Assert.Equal((EnclaveImageFailure.SignatureMalformed, message), await RefusalAsync(TestSigner.Section(CborBytes.Text(_signer.Pem), CborBytes.Bytes(Convert.FromHexString(cose)))));

    [Theory]
    [InlineData("80", "expected a map, found StartArray")]
    [InlineData("A0", "the map has 0 keys, not 2")]
    public async Task Read_of_another_signed_payload_is_refused(string payload, string reason) =>
        Assert.Equal(
            (EnclaveImageFailure.SignatureMalformed, $"signature.payload: {reason}; expected a map of register_index and register_value"),
            await RefusalAsync(Signed(Convert.FromHexString(payload))));

    [Fact]
    public async Task Read_of_deep_nesting_or_a_great_length_is_refused()
    {
        byte[] deep = [.. Enumerable.Repeat((byte)0x81, 60_000)];
        // An array of 2³¹ - 1 numbers, of which two are there.
        byte[] claim = [.. CborBytes.Join([0x81, 0xA2], CborBytes.Text("signature"), [0x9A, 0x7F, 0xFF, 0xFF, 0xFF, 1, 2])];

        Assert.Equal(EnclaveImageFailure.SignatureMalformed, (await RefusalAsync(deep)).Failure);
        Assert.Equal(EnclaveImageFailure.SignatureMalformed, (await RefusalAsync(claim)).Failure);
    }

    [Fact]
    public async Task Read_with_a_damaged_signature_section_gives_the_same_signer_or_a_reason()
    {
        var random = new Random(20261127);
        byte[][] sections =
        [
            _signer.Section(_pcr0),
            TestSigner.Section(CborBytes.Text(_signer.Pem), CborBytes.Bytes(SignedPcr0())),
            TestSigner.Section(CborBytes.Bytes(_signer.Certificate), CborBytes.Bytes(SignedPcr0())),
        ];
        IEnumerable<byte[]> damaged = Mutations.OneBitOfEveryByte(sections[2])
            .Concat(Enumerable.Range(0, sections[2].Length).Select(length => sections[2][..length]))
            .Concat(Enumerable.Range(0, 1_500).Select(_ => Mutations.Random(random, sections)));
        byte[] publicKey = _signer.Key.ExportSubjectPublicKeyInfo();
        foreach (byte[] section in damaged)
        {
            try
            {
                // The certificate's own signature is nobody's to check here; PCR8 tells any change of it.
                EnclaveImage image = await ReadAsync(section);
                Assert.True(image.Signature!.Certificate.Span.IndexOf(publicKey.AsSpan()) >= 0, Convert.ToHexString(section));
            }
            catch (EnclaveImageException e)
            {
                Assert.InRange(e.Message.Length, 10, 500);
            }
        }
    }

    private byte[] SignedPcr0() => _signer.Sign(TestSigner.Payload(0, TestSigner.Numbers(Convert.FromHexString(_pcr0))));

    private byte[] Signed(byte[] payload) => TestSigner.Section(CborBytes.Text(_signer.Pem), CborBytes.Bytes(_signer.Sign(payload)));

    private static ECCurve Curve(int bits) => ECCurve.CreateFromFriendlyName($"nistP{bits}");

    /// <summary>ECDSA-Sig-Value (RFC 3279 section 2.2.3) as the r‖s of COSE.</summary>
    private static byte[] ToFixedLength(byte[] der, int length)
    {
        AsnReader sequence = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        byte[] r = sequence.ReadInteger().ToByteArray(isUnsigned: true, isBigEndian: true);
        byte[] s = sequence.ReadInteger().ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[length - r.Length], .. r, .. new byte[length - s.Length], .. s];
    }

    private static async Task<EnclaveImage> ReadAsync(byte[] section)
    {
        var image = TestImage.CreateSmall();
        image.Sections.Add((TestImage.SignatureType, section));
        return await EnclaveImage.MeasureAsync(new MemoryStream(image.Encode()));
    }

    private static async Task<(EnclaveImageFailure Failure, string Message)> RefusalAsync(byte[] section)
    {
        EnclaveImageException e = await Assert.ThrowsAsync<EnclaveImageException>(() => ReadAsync(section));
        return (e.Failure, e.Message);
    }
}
