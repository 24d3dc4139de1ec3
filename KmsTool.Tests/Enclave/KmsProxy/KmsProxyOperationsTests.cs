using System.Security.Cryptography;
using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Simulator.Faults;

namespace KmsTool.Tests.Enclave.KmsProxy;

/// <summary>AWS's own client through the proxy: what it gets is what KMS gives an enclave, in the form that it knows.</summary>
public sealed class KmsProxyOperationsTests
{
    [Fact]
    public async Task Operations_with_a_recipient_give_the_client_its_plaintext()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        AmazonKeyManagementServiceClient kms = proxy.Client();
        string key = proxy.CreateKey();
        var context = new Dictionary<string, string> { ["purpose"] = "tëst" };

        GenerateDataKeyResponse dataKey = await kms.GenerateDataKeyAsync(new GenerateDataKeyRequest { KeyId = key, KeySpec = DataKeySpec.AES_256, EncryptionContext = context });
        DecryptResponse decrypted = await kms.DecryptAsync(new DecryptRequest { CiphertextBlob = dataKey.CiphertextBlob, EncryptionContext = context });
        GenerateDataKeyPairResponse pair = await kms.GenerateDataKeyPairAsync(new GenerateDataKeyPairRequest { KeyId = key, KeyPairSpec = DataKeyPairSpec.ECC_NIST_P256 });
        DecryptResponse privateKey = await kms.DecryptAsync(new DecryptRequest { CiphertextBlob = pair.PrivateKeyCiphertextBlob });
        GenerateRandomResponse random = await kms.GenerateRandomAsync(33);

        Assert.Equal(32, dataKey.Plaintext.Length);
        Assert.Equal(dataKey.Plaintext.ToArray(), decrypted.Plaintext.ToArray());
        Assert.Equal(key, decrypted.KeyId);
        Assert.Equal("SYMMETRIC_DEFAULT", decrypted.EncryptionAlgorithm);
        Assert.Equal(pair.PrivateKeyPlaintext.ToArray(), privateKey.Plaintext.ToArray());
        using var imported = ECDsa.Create();
        imported.ImportPkcs8PrivateKey(pair.PrivateKeyPlaintext.ToArray(), out _);
        Assert.Equal(pair.PublicKey.ToArray(), imported.ExportSubjectPublicKeyInfo());
        Assert.Equal(33, random.Plaintext.Length);
    }

    [Fact]
    public async Task DeriveSharedSecret_gives_what_the_peer_derives()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        string key = proxy.CreateKey("ECC_NIST_P256");
        using var peer = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var ours = ECDiffieHellman.Create();
        ours.ImportSubjectPublicKeyInfo(proxy.Simulator.Host.GetPublicKey(key).Span, out _);

        DeriveSharedSecretResponse derived = await proxy.Client().DeriveSharedSecretAsync(new DeriveSharedSecretRequest
        {
            KeyId = key,
            KeyAgreementAlgorithm = KeyAgreementAlgorithmSpec.ECDH,
            PublicKey = new MemoryStream(peer.ExportSubjectPublicKeyInfo()),
        });

        Assert.Equal(peer.DeriveRawSecretAgreement(ours.PublicKey), derived.SharedSecret.ToArray());
    }

    // The role may not do it; the credentials that the proxy uses here are the administrator's.
    [Fact]
    public async Task Other_operations_are_passed_through()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        proxy.Put(proxy.Simulator.Host.Administrator);
        AmazonKeyManagementServiceClient kms = proxy.Client();
        string key = proxy.CreateKey();

        EncryptResponse encrypted = await kms.EncryptAsync(new EncryptRequest { KeyId = key, Plaintext = new MemoryStream("hello"u8.ToArray()) });
        DescribeKeyResponse described = await kms.DescribeKeyAsync(key);
        ListKeysResponse listed = await kms.ListKeysAsync(new ListKeysRequest());
        proxy.Put(proxy.Simulator.Host.Role!.CurrentCredential());
        DecryptResponse decrypted = await kms.DecryptAsync(new DecryptRequest { CiphertextBlob = encrypted.CiphertextBlob });

        Assert.Equal("hello", Encoding.UTF8.GetString(decrypted.Plaintext.ToArray()));
        Assert.Equal(key, described.KeyMetadata.Arn);
        Assert.Contains(listed.Keys, entry => entry.KeyArn == key);
    }

    [Fact]
    public async Task Errors_of_KMS_come_as_they_are()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        AmazonKeyManagementServiceClient kms = proxy.Client();
        string foreign = proxy.Simulator.Host.CreateKey(Simulator.KeyPolicies.ForImage(proxy.Simulator.Host, new byte[48]));
        byte[] ciphertext = proxy.Simulator.Host.Encrypt(foreign, "secret"u8);

        AmazonKeyManagementServiceException denied = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(
            () => kms.DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(ciphertext) }));
        InvalidCiphertextException invalid = await Assert.ThrowsAsync<InvalidCiphertextException>(
            () => kms.DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream([1, 2, 3]) }));
        NotFoundException unknown = await Assert.ThrowsAsync<NotFoundException>(() => kms.DescribeKeyAsync("11111111-2222-3333-4444-555555555555"));
        DryRunOperationException dry = await Assert.ThrowsAsync<DryRunOperationException>(
            () => kms.GenerateDataKeyAsync(new GenerateDataKeyRequest { KeyId = proxy.CreateKey(), KeySpec = DataKeySpec.AES_256, DryRun = true }));

        Assert.Equal("AccessDeniedException", denied.ErrorCode);
        Assert.Equal(400, (int)denied.StatusCode);
        Assert.Contains("is not authorized to perform", denied.Message, StringComparison.Ordinal);
        Assert.All([denied, invalid, unknown, dry], e => Assert.True(Guid.TryParse(e.RequestId, out _)));
        Assert.Equal(400, (int)unknown.StatusCode);
    }

    [Theory]
    [InlineData(nameof(SimulatorFault.KmsMissingCiphertextForRecipient), "InvalidKmsAnswerException", 400)]
    [InlineData(nameof(SimulatorFault.KmsPlaintextBeside), "InvalidKmsAnswerException", 400)]
    [InlineData(nameof(SimulatorFault.KmsForeignEnvelope), "InvalidKmsAnswerException", 400)]
    [InlineData(nameof(SimulatorFault.KmsNotJson), "InvalidKmsAnswerException", 400)]
    [InlineData(nameof(SimulatorFault.Kms500), "KMSInternalException", 500)]
    [InlineData(nameof(SimulatorFault.KmsCloseMidAnswer), "KmsUnreachableException", 503)]
    public async Task Answers_that_cannot_be_accepted_are_errors_and_the_proxy_goes_on(string fault, string code, int status)
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        AmazonKeyManagementServiceClient kms = proxy.Client();

        proxy.Simulator.Host.Faults[Enum.Parse<SimulatorFault>(fault)] = true;
        AmazonKeyManagementServiceException e = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(() => kms.GenerateRandomAsync(8));
        proxy.Simulator.Host.Faults.Clear();

        Assert.Equal((code, status), (e.ErrorCode, (int)e.StatusCode));
        Assert.Equal(8, (await kms.GenerateRandomAsync(8)).Plaintext.Length);
    }

    [Fact]
    public async Task Credentials_that_KMS_calls_expired_are_replaced_within_the_request()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        byte[] ciphertext = proxy.Simulator.Host.Encrypt(proxy.CreateKey(), "secret"u8);
        // The administrator may not decrypt: with the old ones again it would be refused.
        proxy.Put(proxy.Simulator.Host.Administrator);
        proxy.Credentials.Wanted += () => proxy.Put(proxy.Simulator.Host.Role!.CurrentCredential());

        proxy.Simulator.Host.Faults[SimulatorFault.KmsExpiredTokenOnce] = true;
        DecryptResponse decrypted = await proxy.Client().DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(ciphertext) });

        Assert.Equal("secret"u8.ToArray(), decrypted.Plaintext.ToArray());
    }

    // The enclave's clock may be hours ahead.
    [Fact]
    public async Task Credentials_that_only_seem_to_have_expired_are_tried()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        proxy.Put(proxy.Simulator.Host.Role!.CurrentCredential(), expiration: DateTimeOffset.UnixEpoch);

        Assert.Equal(8, (await proxy.Client().GenerateRandomAsync(8)).Plaintext.Length);
    }

    // A second region by an endpoint of its own: the simulator, which is of another, says so.
    [Fact]
    public async Task Request_for_another_configured_region_goes_to_its_endpoint()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(configure: options => options with
        {
            Regions = new ProxyRegions(new Dictionary<string, KmsEndpoint>(options.Regions.Endpoints) { ["eu-west-1"] = new("localhost", 443, "eu-west-1") }),
        });

        AmazonKeyManagementServiceException e = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(
            () => proxy.Client("eu-west-1").GenerateRandomAsync(8));

        Assert.Equal("InvalidSignatureException", e.ErrorCode);
        Assert.Equal("Credential should be scoped to a valid region, not 'eu-west-1'; this is 'us-east-1'.", e.Message);
    }

    [Fact]
    public async Task Hundred_requests_at_once_each_get_their_own_answer()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync();
        AmazonKeyManagementServiceClient kms = proxy.Client();
        string key = proxy.CreateKey();

        await Task.WhenAll(Enumerable.Range(0, 100).Select(async i =>
        {
            byte[] plaintext = Encoding.UTF8.GetBytes($"plaintext {i}");
            byte[] ciphertext = proxy.Simulator.Host.Encrypt(key, plaintext);
            DecryptResponse decrypted = await kms.DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(ciphertext) });
            Assert.Equal(plaintext, decrypted.Plaintext.ToArray());
        }));
    }
}
