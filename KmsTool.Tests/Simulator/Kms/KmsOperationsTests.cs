using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KeyPolicy = KmsTool.Simulator.Kms.Keys.KeyPolicy;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class KmsOperationsTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly RunningSimulator _simulator = fixture.Simulator;
    private readonly AmazonKeyManagementServiceClient _kms = fixture.Simulator.Kms();

    [Fact]
    public async Task CreateKey_withoutArguments_makesASymmetricKeyWithTheDefaultPolicy()
    {
        KeyMetadata key = (await _kms.CreateKeyAsync(new CreateKeyRequest())).KeyMetadata;

        Assert.Equal($"arn:aws:kms:us-east-1:111122223333:key/{key.KeyId}", key.Arn);
        Assert.Equal("111122223333", key.AWSAccountId);
        Assert.True(key.Enabled);
        Assert.Equal("", key.Description);
        Assert.Equal(KeyState.Enabled, key.KeyState);
        Assert.Equal(KeySpec.SYMMETRIC_DEFAULT, key.KeySpec);
        Assert.Equal(KeyUsageType.ENCRYPT_DECRYPT, key.KeyUsage);
        Assert.Equal(["SYMMETRIC_DEFAULT"], key.EncryptionAlgorithms);
        Assert.InRange(key.CreationDate!.Value, TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-5), TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(5));
        string policy = (await _kms.GetKeyPolicyAsync(key.KeyId, "default")).Policy;
        Assert.Equal(KeyPolicy.FormatDefault(_simulator.Host.Account), policy);
    }

    [Fact]
    public async Task DescribeKey_byIdOrArn_describesTheKey()
    {
        KeyMetadata key = (await _kms.CreateKeyAsync(new CreateKeyRequest { Description = "for \"tests\" – ß" })).KeyMetadata;

        Assert.Equal(key.Arn, (await _kms.DescribeKeyAsync(key.KeyId)).KeyMetadata.Arn);
        Assert.Equal("for \"tests\" – ß", (await _kms.DescribeKeyAsync(key.Arn)).KeyMetadata.Description);
    }

    [Theory]
    [InlineData("00000000-0000-0000-0000-000000000000")]
    [InlineData("arn:aws:kms:us-east-1:111122223333:key/00000000-0000-0000-0000-000000000000")]
    [InlineData("arn:aws:kms:eu-west-1:111122223333:key/00000000-0000-0000-0000-000000000000")]
    [InlineData("alias/mine")]
    [InlineData("x")]
    public async Task DescribeKey_unknownKey_isNotFound(string keyId) =>
        await Assert.ThrowsAsync<NotFoundException>(() => _kms.DescribeKeyAsync(keyId));

    [Fact]
    public async Task ListKeys_pageByPage_listsEachKeyOnce()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        string[] created = [.. Enumerable.Range(0, 5).Select(_ => simulator.Host.CreateKey())];
        AmazonKeyManagementServiceClient kms = simulator.Kms();
        List<string> listed = [];
        List<int> pages = [];

        ListKeysResponse page;
        string? marker = null;
        do
        {
            page = await kms.ListKeysAsync(new ListKeysRequest { Limit = 2, Marker = marker });
            pages.Add(page.Keys.Count);
            listed.AddRange(page.Keys.Select(key => key.KeyArn));
            marker = page.NextMarker;
        }
        while (page.Truncated == true);

        Assert.Equal([2, 2, 1], pages);
        Assert.Equal(created.Order(), listed.Order());
        Assert.Null(marker);
        Assert.Equal(5, (await kms.ListKeysAsync(new ListKeysRequest())).Keys.Count);
        await Assert.ThrowsAsync<InvalidMarkerException>(() => kms.ListKeysAsync(new ListKeysRequest { Marker = "x" }));
    }

    [Fact]
    public async Task PutKeyPolicy_takesEffectAtOnce()
    {
        string keyArn = _simulator.Host.CreateKey();
        string policy = $$$"""
            {"Statement": [
              {"Effect": "Allow", "Principal": {"AWS": "{{{_simulator.Host.Account.RootArn}}}"}, "Action": "kms:*", "Resource": "*"},
              {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"}
            ]}
            """;
        await EncryptAsync(keyArn, "before");

        await _kms.PutKeyPolicyAsync(new PutKeyPolicyRequest { KeyId = keyArn, PolicyName = "default", Policy = policy });

        Assert.Equal(policy, (await _kms.GetKeyPolicyAsync(new GetKeyPolicyRequest { KeyId = keyArn })).Policy);
        AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => EncryptAsync(keyArn, "after"));
        Assert.Equal("AccessDeniedException", e.ErrorCode);
        Assert.EndsWith("with an explicit deny in a resource-based policy", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PutKeyPolicy_thatLocksItsAuthorOut_isRefusedUnlessInsistedOn()
    {
        string keyArn = _simulator.Host.CreateKey();
        var request = new PutKeyPolicyRequest
        {
            KeyId = keyArn,
            Policy = """{"Statement": {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}}""",
        };

        await Assert.ThrowsAsync<MalformedPolicyDocumentException>(() => _kms.PutKeyPolicyAsync(request));
        await Assert.ThrowsAsync<MalformedPolicyDocumentException>(() => _kms.CreateKeyAsync(new CreateKeyRequest { Policy = request.Policy }));
        request.BypassPolicyLockoutSafetyCheck = true;
        await _kms.PutKeyPolicyAsync(request);
        AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => _kms.DescribeKeyAsync(keyArn));
        Assert.Equal("AccessDeniedException", e.ErrorCode);
    }

    [Fact]
    public async Task CreateKey_withMalformedPolicy_isRefused() =>
        await Assert.ThrowsAsync<MalformedPolicyDocumentException>(() => _kms.CreateKeyAsync(new CreateKeyRequest { Policy = "{}" }));

    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    public async Task Decrypt_whatEncryptMade_givesThePlaintextBack(int length)
    {
        string keyArn = _simulator.Host.CreateKey();
        byte[] plaintext = new byte[length];
        Random.Shared.NextBytes(plaintext);

        EncryptResponse encrypted = await _kms.EncryptAsync(new EncryptRequest { KeyId = keyArn, Plaintext = new MemoryStream(plaintext) });
        DecryptResponse decrypted = await _kms.DecryptAsync(new DecryptRequest { CiphertextBlob = encrypted.CiphertextBlob, KeyId = keyArn });

        Assert.Equal(keyArn, encrypted.KeyId);
        Assert.Equal(keyArn, decrypted.KeyId);
        Assert.Equal("SYMMETRIC_DEFAULT", decrypted.EncryptionAlgorithm);
        Assert.Equal(plaintext, decrypted.Plaintext.ToArray());
    }

    [Fact]
    public async Task Decrypt_encryptionContext_mustBeTheSameInAnyOrder()
    {
        string keyArn = _simulator.Host.CreateKey();
        MemoryStream blob = (await _kms.EncryptAsync(new EncryptRequest
        {
            KeyId = keyArn,
            Plaintext = new MemoryStream([1]),
            EncryptionContext = new() { ["a"] = "1", ["b"] = "2" },
        })).CiphertextBlob;

        DecryptResponse same = await DecryptAsync(blob, new() { ["b"] = "2", ["a"] = "1" });

        Assert.Equal([1], same.Plaintext.ToArray());
        // Name and value must not run into each other.
        foreach (Dictionary<string, string> other in (Dictionary<string, string>[])
            [[], new() { ["a"] = "1" }, new() { ["a"] = "2", ["b"] = "1" }, new() { ["a1"] = "", ["b"] = "2" }, new() { ["A"] = "1", ["b"] = "2" }])
        {
            await Assert.ThrowsAsync<InvalidCiphertextException>(() => DecryptAsync(blob, other));
        }
    }

    [Fact]
    public async Task Decrypt_alteredCiphertext_isInvalid()
    {
        byte[] blob = _simulator.Host.Encrypt(_simulator.Host.CreateKey(), "secret"u8);

        // Behind the key id, whose change makes it another key's.
        for (int i = 17; i < blob.Length; i++)
        {
            byte[] altered = [.. blob];
            altered[i] ^= 1;
            await Assert.ThrowsAsync<InvalidCiphertextException>(() => DecryptAsync(new MemoryStream(altered)));
        }

        await Assert.ThrowsAsync<InvalidCiphertextException>(() => DecryptAsync(new MemoryStream(blob[..^1])));
        await Assert.ThrowsAsync<InvalidCiphertextException>(() => DecryptAsync(new MemoryStream([.. blob, 0])));
        await Assert.ThrowsAsync<InvalidCiphertextException>(() => DecryptAsync(new MemoryStream([1])));
    }

    [Fact]
    public async Task Decrypt_ciphertextOfAKeyThatDoesNotExist_isDenied()
    {
        byte[] blob = _simulator.Host.Encrypt(_simulator.Host.CreateKey(), "secret"u8);
        blob[5] ^= 1;

        AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => DecryptAsync(new MemoryStream(blob)));

        Assert.Equal("AccessDeniedException", e.ErrorCode);
    }

    [Fact]
    public async Task Decrypt_keyIdOfAnotherKey_isIncorrect()
    {
        var blob = new MemoryStream(_simulator.Host.Encrypt(_simulator.Host.CreateKey(), "secret"u8));

        await Assert.ThrowsAsync<IncorrectKeyException>(
            () => _kms.DecryptAsync(new DecryptRequest { CiphertextBlob = blob, KeyId = _simulator.Host.CreateKey() }));
        await Assert.ThrowsAsync<NotFoundException>(
            () => _kms.DecryptAsync(new DecryptRequest { CiphertextBlob = blob, KeyId = Guid.NewGuid().ToString() }));
    }

    [Fact]
    public async Task Encrypt_algorithmForAsymmetricKeys_isInvalidKeyUsage() =>
        await Assert.ThrowsAsync<InvalidKeyUsageException>(() => _kms.EncryptAsync(new EncryptRequest
        {
            KeyId = _simulator.Host.CreateKey(),
            Plaintext = new MemoryStream([1]),
            EncryptionAlgorithm = EncryptionAlgorithmSpec.RSAES_OAEP_SHA_256,
        }));

    [Fact]
    public async Task AnyOperation_byTheInstanceRole_isDeniedUnlessAKeyPolicyNamesIt()
    {
        string keyArn = _simulator.Host.CreateKey();
        AmazonKeyManagementServiceClient kms = _simulator.Kms(_simulator.Host.Role!.CurrentCredential());
        Func<Task>[] operations =
        [
            () => kms.CreateKeyAsync(new CreateKeyRequest()),
            () => kms.ListKeysAsync(new ListKeysRequest()),
            () => kms.DescribeKeyAsync(keyArn),
            () => kms.GetKeyPolicyAsync(keyArn, "default"),
            () => kms.PutKeyPolicyAsync(new PutKeyPolicyRequest { KeyId = keyArn, Policy = "{}" }),
            () => kms.EncryptAsync(new EncryptRequest { KeyId = keyArn, Plaintext = new MemoryStream([1]) }),
            () => kms.DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(_simulator.Host.Encrypt(keyArn, [1])) }),
            () => kms.GenerateDataKeyAsync(new GenerateDataKeyRequest { KeyId = keyArn, NumberOfBytes = 1 }),
            () => kms.GenerateDataKeyWithoutPlaintextAsync(new GenerateDataKeyWithoutPlaintextRequest { KeyId = keyArn, NumberOfBytes = 1 }),
            () => kms.GenerateDataKeyPairAsync(new GenerateDataKeyPairRequest { KeyId = keyArn, KeyPairSpec = "ECC_NIST_P256" }),
            () => kms.GenerateDataKeyPairWithoutPlaintextAsync(new() { KeyId = keyArn, KeyPairSpec = "ECC_NIST_P256" }),
            () => kms.DeriveSharedSecretAsync(new() { KeyId = keyArn, KeyAgreementAlgorithm = "ECDH", PublicKey = new MemoryStream([1]) }),
            () => kms.GetPublicKeyAsync(new GetPublicKeyRequest { KeyId = keyArn }),
            () => kms.CreateAliasAsync("alias/denied", keyArn),
        ];

        foreach (Func<Task> operation in operations)
        {
            AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(operation);
            Assert.Equal("AccessDeniedException", e.ErrorCode);
            Assert.StartsWith(
                "User: arn:aws:sts::111122223333:assumed-role/kmstool-instance-role/i-0123456789abcdef0 is not authorized to perform: kms:",
                e.Message,
                StringComparison.Ordinal);
        }
    }

    private Task<EncryptResponse> EncryptAsync(string keyArn, string plaintext) =>
        _kms.EncryptAsync(new EncryptRequest { KeyId = keyArn, Plaintext = new MemoryStream(Encoding.UTF8.GetBytes(plaintext)) });

    private Task<DecryptResponse> DecryptAsync(MemoryStream blob, Dictionary<string, string>? context = null) =>
        _kms.DecryptAsync(new DecryptRequest { CiphertextBlob = blob, EncryptionContext = context });
}
