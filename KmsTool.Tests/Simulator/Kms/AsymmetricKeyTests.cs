using System.Security.Cryptography;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class AsymmetricKeyTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly RunningSimulator _simulator = fixture.Simulator;
    private readonly AmazonKeyManagementServiceClient _kms = fixture.Simulator.Kms();

    [Theory]
    [InlineData("RSA_2048", 2048)]
    [InlineData("RSA_3072", 3072)]
    [InlineData("RSA_4096", 4096)]
    public async Task CreateKey_rsa_makesAKeyThatEncrypts(string spec, int bits)
    {
        KeyMetadata key = (await _kms.CreateKeyAsync(new CreateKeyRequest { KeySpec = spec, KeyUsage = "ENCRYPT_DECRYPT" })).KeyMetadata;
        GetPublicKeyResponse response = await _kms.GetPublicKeyAsync(new GetPublicKeyRequest { KeyId = key.KeyId });
        using var publicKey = RSA.Create();
        publicKey.ImportSubjectPublicKeyInfo(response.PublicKey.ToArray(), out int length);

        Assert.Equal(spec, key.KeySpec);
        Assert.Equal(KeyUsageType.ENCRYPT_DECRYPT, key.KeyUsage);
        Assert.Equal(["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"], key.EncryptionAlgorithms);
        Assert.Null(key.KeyAgreementAlgorithms);
        Assert.Equal(key.Arn, response.KeyId);
        Assert.Equal(spec, response.KeySpec);
        Assert.Equal(KeyUsageType.ENCRYPT_DECRYPT, response.KeyUsage);
        Assert.Equal(["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"], response.EncryptionAlgorithms);
        Assert.Equal(bits, publicKey.KeySize);
        Assert.Equal(response.PublicKey.Length, length);
        Assert.Equal(response.PublicKey.ToArray(), _simulator.Host.GetPublicKey(key.Arn).ToArray());
    }

    [Theory]
    [InlineData("ECC_NIST_P256", 256)]
    [InlineData("ECC_NIST_P384", 384)]
    [InlineData("ECC_NIST_P521", 521)]
    public async Task CreateKey_ellipticCurve_makesAKeyThatAgrees(string spec, int bits)
    {
        KeyMetadata key = (await _kms.CreateKeyAsync(new CreateKeyRequest { KeySpec = spec, KeyUsage = "KEY_AGREEMENT" })).KeyMetadata;
        GetPublicKeyResponse response = await _kms.GetPublicKeyAsync(new GetPublicKeyRequest { KeyId = key.Arn });
        using var publicKey = ECDiffieHellman.Create();
        publicKey.ImportSubjectPublicKeyInfo(response.PublicKey.ToArray(), out _);

        Assert.Equal(spec, (await _kms.DescribeKeyAsync(key.KeyId)).KeyMetadata.KeySpec);
        Assert.Equal(KeyUsageType.KEY_AGREEMENT, key.KeyUsage);
        Assert.Equal(["ECDH"], key.KeyAgreementAlgorithms);
        Assert.Null(key.EncryptionAlgorithms);
        Assert.Equal(["ECDH"], response.KeyAgreementAlgorithms);
        Assert.Equal(bits, publicKey.KeySize);
    }

    [Fact]
    public async Task CreateKey_deprecatedMember_isTakenToo()
    {
#pragma warning disable CS0618 // What old programs send.
        var request = new CreateKeyRequest { CustomerMasterKeySpec = "ECC_NIST_P256", KeyUsage = "KEY_AGREEMENT" };
#pragma warning restore CS0618

        Assert.Equal("ECC_NIST_P256", (await _kms.CreateKeyAsync(request)).KeyMetadata.KeySpec);
    }

    [Fact]
    public async Task GetPublicKey_symmetricKey_isUnsupported() => await Assert.ThrowsAsync<UnsupportedOperationException>(
        () => _kms.GetPublicKeyAsync(new GetPublicKeyRequest { KeyId = _simulator.Host.CreateKey() }));

    [Theory]
    [InlineData("RSA_2048", "RSAES_OAEP_SHA_1", 214)]
    [InlineData("RSA_2048", "RSAES_OAEP_SHA_256", 190)]
    [InlineData("RSA_3072", "RSAES_OAEP_SHA_1", 342)]
    [InlineData("RSA_3072", "RSAES_OAEP_SHA_256", 318)]
    public async Task Encrypt_rsa_takesWhatFitsAndNoMore(string spec, string algorithm, int maxLength)
    {
        string keyArn = _simulator.Host.CreateKey(keySpec: spec);
        byte[] plaintext = RandomNumberGenerator.GetBytes(maxLength);

        EncryptResponse encrypted = await EncryptAsync(keyArn, plaintext, algorithm);
        DecryptResponse decrypted = await DecryptAsync(keyArn, encrypted.CiphertextBlob.ToArray(), algorithm);

        Assert.Equal(keyArn, encrypted.KeyId);
        Assert.Equal(algorithm, encrypted.EncryptionAlgorithm);
        Assert.Equal(keyArn, decrypted.KeyId);
        Assert.Equal(algorithm, decrypted.EncryptionAlgorithm);
        Assert.Equal(plaintext, decrypted.Plaintext.ToArray());
        AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(
            () => EncryptAsync(keyArn, [.. plaintext, 0], algorithm));
        Assert.Equal("ValidationException", e.ErrorCode);
        Assert.Contains($"cannot encrypt data larger than {maxLength} bytes", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sha1", "RSAES_OAEP_SHA_1")]
    [InlineData("sha256", "RSAES_OAEP_SHA_256")]
    public async Task Decrypt_whatOpenSslEncrypted_givesThePlaintextBack(string hash, string algorithm)
    {
        string keyArn = _simulator.Host.CreateKey(keySpec: "RSA_2048");
        using var directory = new TempDirectory();
        await File.WriteAllBytesAsync(directory["key.der"], _simulator.Host.GetPublicKey(keyArn).ToArray());
        await File.WriteAllTextAsync(directory["plaintext"], "from outside");

        ProgramResult openSsl = await ProgramRunner.RunAsync(
            "/usr/bin/openssl",
            [
                "pkeyutl", "-encrypt", "-pubin", "-keyform", "DER", "-inkey", directory["key.der"], "-in", directory["plaintext"],
                "-out", directory["ciphertext"], "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", $"rsa_oaep_md:{hash}", "-pkeyopt", $"rsa_mgf1_md:{hash}",
            ]);

        Assert.True(openSsl.ExitCode == 0, openSsl.Error);
        DecryptResponse response = await DecryptAsync(keyArn, await File.ReadAllBytesAsync(directory["ciphertext"]), algorithm);
        Assert.Equal("from outside"u8.ToArray(), response.Plaintext.ToArray());
    }

    [Fact]
    public async Task Decrypt_rsaByManyAtOnce_givesEachItsPlaintext()
    {
        string keyArn = _simulator.Host.CreateKey(keySpec: "RSA_2048");

        DecryptResponse[] responses = await Task.WhenAll(Enumerable.Range(0, 32).Select(i => DecryptAsync(
            keyArn, _simulator.Host.Encrypt(keyArn, [(byte)i], encryptionAlgorithm: "RSAES_OAEP_SHA_256"), "RSAES_OAEP_SHA_256")));

        Assert.Equal(Enumerable.Range(0, 32).Select(i => (byte)i), responses.Select(response => response.Plaintext.ToArray().Single()));
    }

    [Fact]
    public async Task Decrypt_rsaCiphertextThatIsNone_isInvalid()
    {
        string keyArn = _simulator.Host.CreateKey(keySpec: "RSA_2048");
        byte[] ciphertext = _simulator.Host.Encrypt(keyArn, [1], encryptionAlgorithm: "RSAES_OAEP_SHA_256");
        byte[] altered = [.. ciphertext];
        altered[^1] ^= 1;

        foreach (byte[] bad in (byte[][])[altered, ciphertext[1..], [.. ciphertext, 0], new byte[256], [.. Enumerable.Repeat((byte)255, 256)], new byte[6144]])
        {
            await Assert.ThrowsAsync<InvalidCiphertextException>(() => DecryptAsync(keyArn, bad, "RSAES_OAEP_SHA_256"));
        }

        await Assert.ThrowsAsync<InvalidCiphertextException>(() => DecryptAsync(keyArn, ciphertext, "RSAES_OAEP_SHA_1"));
    }

    [Fact]
    public async Task Decrypt_keyAndAlgorithmThatDoNotGoTogether_isInvalidKeyUsage()
    {
        string symmetric = _simulator.Host.CreateKey();
        string rsa = _simulator.Host.CreateKey(keySpec: "RSA_2048");
        string curve = _simulator.Host.CreateKey(keySpec: "ECC_NIST_P256");
        byte[] blob = _simulator.Host.Encrypt(symmetric, [1]);
        (string KeyId, string? Algorithm)[] pairs =
            [(symmetric, "RSAES_OAEP_SHA_256"), (rsa, null), (rsa, "SYMMETRIC_DEFAULT"), (curve, null), (curve, "RSAES_OAEP_SHA_256")];

        foreach ((string keyId, string? algorithm) in pairs)
        {
            await Assert.ThrowsAsync<InvalidKeyUsageException>(() => DecryptAsync(keyId, blob, algorithm));
            await Assert.ThrowsAsync<InvalidKeyUsageException>(() => EncryptAsync(keyId, [1], algorithm));
        }
    }

    [Fact]
    public async Task EncryptionContext_withRsa_isRefused()
    {
        string keyArn = _simulator.Host.CreateKey(keySpec: "RSA_2048");
        var context = new Dictionary<string, string> { ["a"] = "1" };

        AmazonKeyManagementServiceException encrypt = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => _kms.EncryptAsync(
            new EncryptRequest { KeyId = keyArn, Plaintext = new MemoryStream([1]), EncryptionAlgorithm = "RSAES_OAEP_SHA_256", EncryptionContext = context }));
        AmazonKeyManagementServiceException decrypt = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => _kms.DecryptAsync(
            new DecryptRequest { KeyId = keyArn, CiphertextBlob = new MemoryStream([1]), EncryptionAlgorithm = "RSAES_OAEP_SHA_256", EncryptionContext = context }));

        Assert.Equal("ValidationException", encrypt.ErrorCode);
        Assert.Equal("ValidationException", decrypt.ErrorCode);
    }

    [Fact]
    public async Task Encrypt_policyCondition_seesTheAlgorithm()
    {
        string keyArn = _simulator.Host.CreateKey(
            $$$"""
            {"Statement": {
              "Effect": "Allow", "Principal": {"AWS": "{{{_simulator.Host.Role!.Arn}}}"}, "Action": "kms:Encrypt", "Resource": "*",
              "Condition": {"StringEquals": {"kms:EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}}
            }}
            """,
            "RSA_2048");
        AmazonKeyManagementServiceClient kms = _simulator.Kms(_simulator.Host.Role!.CurrentCredential());

        await kms.EncryptAsync(new EncryptRequest { KeyId = keyArn, Plaintext = new MemoryStream([1]), EncryptionAlgorithm = "RSAES_OAEP_SHA_256" });
        AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => kms.EncryptAsync(
            new EncryptRequest { KeyId = keyArn, Plaintext = new MemoryStream([1]), EncryptionAlgorithm = "RSAES_OAEP_SHA_1" }));

        Assert.Equal("AccessDeniedException", e.ErrorCode);
    }

    private Task<EncryptResponse> EncryptAsync(string keyId, byte[] plaintext, string? algorithm) =>
        _kms.EncryptAsync(new EncryptRequest { KeyId = keyId, Plaintext = new MemoryStream(plaintext), EncryptionAlgorithm = algorithm });

    private Task<DecryptResponse> DecryptAsync(string keyId, byte[] ciphertext, string? algorithm) =>
        _kms.DecryptAsync(new DecryptRequest { KeyId = keyId, CiphertextBlob = new MemoryStream(ciphertext), EncryptionAlgorithm = algorithm });
}
