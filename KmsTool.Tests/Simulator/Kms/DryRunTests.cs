using System.Security.Cryptography;
using System.Text.Json;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class DryRunTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly RunningSimulator _simulator = fixture.Simulator;

    [Theory]
    [InlineData("Encrypt")]
    [InlineData("Decrypt")]
    [InlineData("GenerateDataKey")]
    [InlineData("GenerateDataKeyWithoutPlaintext")]
    [InlineData("GenerateDataKeyPair")]
    [InlineData("GenerateDataKeyPairWithoutPlaintext")]
    [InlineData("DeriveSharedSecret")]
    public async Task DryRun_ofWhatWouldSucceed_saysSo(string operation)
    {
        Assert.Equal("DryRunOperationException", await ErrorAsync(operation, dryRun: true));
        Assert.Null(await ErrorAsync(operation, dryRun: false));
        Assert.Equal("SerializationException", await ErrorAsync(operation, dryRun: "true"));
    }

    [Theory]
    [InlineData("Encrypt")]
    [InlineData("Decrypt")]
    [InlineData("GenerateDataKey")]
    [InlineData("GenerateDataKeyWithoutPlaintext")]
    [InlineData("GenerateDataKeyPair")]
    [InlineData("GenerateDataKeyPairWithoutPlaintext")]
    [InlineData("DeriveSharedSecret")]
    public async Task DryRun_ofWhatIsNotAllowed_isDenied(string operation) =>
        Assert.Equal("AccessDeniedException", await ErrorAsync(operation, dryRun: true, asRole: true));

    [Fact]
    public async Task GenerateRandom_knowsNoDryRun()
    {
        using HttpResponseMessage response = await new RawKms(_simulator).PostAsync("GenerateRandom", """{"NumberOfBytes": 1, "DryRun": true}""");

        Assert.True(response.IsSuccessStatusCode);
    }

    [Fact]
    public async Task DryRun_ofACiphertextThatCannotBeDecrypted_isInvalid()
    {
        byte[] blob = _simulator.Host.Encrypt(_simulator.Host.CreateKey(), [1]);
        blob[^1] ^= 1;

        using HttpResponseMessage response = await new RawKms(_simulator).PostAsync(
            "Decrypt", JsonSerializer.Serialize(new { CiphertextBlob = blob, DryRun = true }));

        Assert.Equal("InvalidCiphertextException", await RawKms.ErrorOf(response));
    }

    private async Task<string?> ErrorAsync(string operation, object dryRun, bool asRole = false)
    {
        string keyArn = _simulator.Host.CreateKey(keySpec: operation == "DeriveSharedSecret" ? "ECC_NIST_P256" : "SYMMETRIC_DEFAULT");
        var request = new Dictionary<string, object> { ["KeyId"] = keyArn, ["DryRun"] = dryRun };
        switch (operation)
        {
            case "Encrypt":
                request["Plaintext"] = new byte[] { 1 };
                break;
            case "Decrypt":
                request["CiphertextBlob"] = _simulator.Host.Encrypt(keyArn, [1]);
                break;
            case "DeriveSharedSecret":
                using (var peer = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256))
                {
                    request["PublicKey"] = peer.ExportSubjectPublicKeyInfo();
                }

                request["KeyAgreementAlgorithm"] = "ECDH";
                break;
            default:
                request[operation.Contains("Pair", StringComparison.Ordinal) ? "KeyPairSpec" : "KeySpec"] =
                    operation.Contains("Pair", StringComparison.Ordinal) ? "ECC_NIST_P256" : "AES_256";
                break;
        }

        var kms = new RawKms(_simulator, asRole ? _simulator.Host.Role!.CurrentCredential() : null);
        using HttpResponseMessage response = await kms.PostAsync(operation, JsonSerializer.Serialize(request));
        return response.IsSuccessStatusCode ? null : await RawKms.ErrorOf(response);
    }
}
