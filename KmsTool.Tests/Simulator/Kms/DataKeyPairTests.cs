using System.Security.Cryptography;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class DataKeyPairTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private static readonly Dictionary<string, string> Context = new() { ["purpose"] = "test" };

    private readonly RunningSimulator _simulator = fixture.Simulator;
    private readonly AmazonKeyManagementServiceClient _kms = fixture.Simulator.Kms();

    [Theory]
    [InlineData("RSA_2048", "2048 bit")]
    [InlineData("RSA_3072", "3072 bit")]
    [InlineData("RSA_4096", "4096 bit")]
    [InlineData("ECC_NIST_P256", "NIST CURVE: P-256")]
    [InlineData("ECC_NIST_P384", "NIST CURVE: P-384")]
    [InlineData("ECC_NIST_P521", "NIST CURVE: P-521")]
    [InlineData("ECC_SECG_P256K1", "ASN1 OID: secp256k1")]
    public async Task GenerateDataKeyPair_givesAPairThatOpenSslKnows(string spec, string description)
    {
        string keyArn = _simulator.Host.CreateKey();

        GenerateDataKeyPairResponse response = await _kms.GenerateDataKeyPairAsync(
            new GenerateDataKeyPairRequest { KeyId = keyArn, KeyPairSpec = spec, EncryptionContext = Context });
        DecryptResponse decrypted = await DecryptAsync(response.PrivateKeyCiphertextBlob);

        Assert.Equal(keyArn, response.KeyId);
        Assert.Equal(spec, response.KeyPairSpec);
        Assert.Equal(response.PrivateKeyPlaintext.ToArray(), decrypted.Plaintext.ToArray());
        using var directory = new TempDirectory();
        await File.WriteAllBytesAsync(directory["private.der"], response.PrivateKeyPlaintext.ToArray());
        Assert.Contains(description, await OpenSslAsync("-inform", "DER", "-in", directory["private.der"], "-check", "-noout", "-text"), StringComparison.Ordinal);
        await OpenSslAsync("-inform", "DER", "-in", directory["private.der"], "-pubout", "-outform", "DER", "-out", directory["public.der"]);
        Assert.Equal(await File.ReadAllBytesAsync(directory["public.der"]), response.PublicKey.ToArray());
    }

    [Fact]
    public async Task GenerateDataKeyPair_privateKey_isBarePkcs8()
    {
        GenerateDataKeyPairResponse response = await _kms.GenerateDataKeyPairAsync(
            new GenerateDataKeyPairRequest { KeyId = _simulator.Host.CreateKey(), KeyPairSpec = "RSA_2048" });
        using var key = RSA.Create();
        key.ImportPkcs8PrivateKey(response.PrivateKeyPlaintext.ToArray(), out int length);

        Assert.Equal(response.PrivateKeyPlaintext.Length, length);
    }

    [Fact]
    public async Task GenerateDataKeyPairWithoutPlaintext_givesTheCiphertextOnly()
    {
        string keyArn = _simulator.Host.CreateKey();

        GenerateDataKeyPairWithoutPlaintextResponse response = await _kms.GenerateDataKeyPairWithoutPlaintextAsync(
            new GenerateDataKeyPairWithoutPlaintextRequest { KeyId = keyArn, KeyPairSpec = "ECC_NIST_P256", EncryptionContext = Context });
        using var pair = ECDiffieHellman.Create();
        pair.ImportPkcs8PrivateKey((await DecryptAsync(response.PrivateKeyCiphertextBlob)).Plaintext.ToArray(), out _);

        Assert.Equal(keyArn, response.KeyId);
        Assert.Equal("ECC_NIST_P256", response.KeyPairSpec);
        Assert.Equal(pair.ExportSubjectPublicKeyInfo(), response.PublicKey.ToArray());
        using HttpResponseMessage raw = await new RawKms(_simulator).PostAsync(
            "GenerateDataKeyPairWithoutPlaintext", $$"""{"KeyId": "{{keyArn}}", "KeyPairSpec": "ECC_NIST_P256"}""");
        Assert.DoesNotContain("PrivateKeyPlaintext", await raw.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenerateDataKeyPair_policyCondition_seesTheSpec()
    {
        string keyArn = _simulator.Host.CreateKey(
            $$$"""
            {"Statement": {
              "Effect": "Allow", "Principal": {"AWS": "{{{_simulator.Host.Role!.Arn}}}"}, "Action": "kms:GenerateDataKeyPair", "Resource": "*",
              "Condition": {"StringEquals": {"kms:DataKeyPairSpec": "ECC_NIST_P384"}}
            }}
            """);
        AmazonKeyManagementServiceClient kms = _simulator.Kms(_simulator.Host.Role!.CurrentCredential());

        await kms.GenerateDataKeyPairAsync(new() { KeyId = keyArn, KeyPairSpec = "ECC_NIST_P384" });
        AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(
            () => kms.GenerateDataKeyPairAsync(new() { KeyId = keyArn, KeyPairSpec = "ECC_NIST_P256" }));

        Assert.Equal("AccessDeniedException", e.ErrorCode);
    }

    private static async Task<string> OpenSslAsync(params string[] arguments)
    {
        ProgramResult result = await ProgramRunner.RunAsync("/usr/bin/openssl", ["pkey", .. arguments]);
        Assert.True(result.ExitCode == 0, result.Error);
        return result.Output;
    }

    private Task<DecryptResponse> DecryptAsync(MemoryStream blob) =>
        _kms.DecryptAsync(new DecryptRequest { CiphertextBlob = blob, EncryptionContext = Context });
}
