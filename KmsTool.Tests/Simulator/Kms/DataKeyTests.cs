using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class DataKeyTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private static readonly Dictionary<string, string> Context = new() { ["purpose"] = "test" };

    private readonly RunningSimulator _simulator = fixture.Simulator;
    private readonly AmazonKeyManagementServiceClient _kms = fixture.Simulator.Kms();

    [Theory]
    [InlineData("AES_256", null, 32)]
    [InlineData("AES_128", null, 16)]
    [InlineData(null, 1, 1)]
    [InlineData(null, 1024, 1024)]
    public async Task GenerateDataKey_givesTheKeyAndItsCiphertext(string? spec, int? numberOfBytes, int length)
    {
        string keyArn = _simulator.Host.CreateKey();
        var request = new GenerateDataKeyRequest { KeyId = keyArn, KeySpec = spec, NumberOfBytes = numberOfBytes, EncryptionContext = Context };

        GenerateDataKeyResponse response = await _kms.GenerateDataKeyAsync(request);
        DecryptResponse decrypted = await DecryptAsync(response.CiphertextBlob);

        Assert.Equal(keyArn, response.KeyId);
        Assert.Equal(length, response.Plaintext.Length);
        Assert.Null(response.CiphertextForRecipient);
        Assert.Equal(response.Plaintext.ToArray(), decrypted.Plaintext.ToArray());
        if (length >= 16)
        {
            Assert.NotEqual(response.Plaintext.ToArray(), (await _kms.GenerateDataKeyAsync(request)).Plaintext.ToArray());
        }

        await Assert.ThrowsAsync<InvalidCiphertextException>(() => _kms.DecryptAsync(new DecryptRequest { CiphertextBlob = response.CiphertextBlob }));
    }

    [Fact]
    public async Task GenerateDataKeyWithoutPlaintext_givesTheCiphertextOnly()
    {
        string keyArn = _simulator.Host.CreateKey();

        GenerateDataKeyWithoutPlaintextResponse response = await _kms.GenerateDataKeyWithoutPlaintextAsync(
            new GenerateDataKeyWithoutPlaintextRequest { KeyId = keyArn, KeySpec = "AES_256", EncryptionContext = Context });

        Assert.Equal(keyArn, response.KeyId);
        Assert.Equal(32, (await DecryptAsync(response.CiphertextBlob)).Plaintext.Length);
        using HttpResponseMessage raw = await new RawKms(_simulator).PostAsync(
            "GenerateDataKeyWithoutPlaintext", $$"""{"KeyId": "{{keyArn}}", "NumberOfBytes": 32}""");
        Assert.DoesNotContain("Plaintext", await raw.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RSA_2048")]
    [InlineData("ECC_NIST_P256")]
    public async Task GenerateDataKey_underAnAsymmetricKey_isInvalidKeyUsage(string spec)
    {
        string keyArn = _simulator.Host.CreateKey(keySpec: spec);

        await Assert.ThrowsAsync<InvalidKeyUsageException>(() => _kms.GenerateDataKeyAsync(new() { KeyId = keyArn, KeySpec = "AES_256" }));
        await Assert.ThrowsAsync<InvalidKeyUsageException>(
            () => _kms.GenerateDataKeyWithoutPlaintextAsync(new() { KeyId = keyArn, KeySpec = "AES_256" }));
        await Assert.ThrowsAsync<InvalidKeyUsageException>(
            () => _kms.GenerateDataKeyPairAsync(new() { KeyId = keyArn, KeyPairSpec = "ECC_NIST_P256" }));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1024)]
    public async Task GenerateRandom_givesSoManyBytes(int length)
    {
        GenerateRandomResponse response = await _kms.GenerateRandomAsync(new GenerateRandomRequest { NumberOfBytes = length });

        Assert.Equal(length, response.Plaintext.Length);
        Assert.Null(response.CiphertextForRecipient);
        if (length > 1)
        {
            Assert.NotEqual(response.Plaintext.ToArray(), (await _kms.GenerateRandomAsync(length)).Plaintext.ToArray());
        }
    }

    [Fact]
    public async Task GenerateRandom_byTheInstanceRole_isAllowedByItsOwnPolicy() =>
        Assert.Equal(8, (await _simulator.Kms(_simulator.Host.Role!.CurrentCredential()).GenerateRandomAsync(8)).Plaintext.Length);

    private Task<DecryptResponse> DecryptAsync(MemoryStream blob) =>
        _kms.DecryptAsync(new DecryptRequest { CiphertextBlob = blob, EncryptionContext = Context });
}
