using System.Security.Cryptography;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class DeriveSharedSecretTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly RunningSimulator _simulator = fixture.Simulator;
    private readonly AmazonKeyManagementServiceClient _kms = fixture.Simulator.Kms();

    [Theory]
    [InlineData("ECC_NIST_P256", "P-256", 32)]
    [InlineData("ECC_NIST_P384", "P-384", 48)]
    [InlineData("ECC_NIST_P521", "P-521", 66)]
    public async Task DeriveSharedSecret_withAKeyOfOpenSsl_givesWhatOpenSslDerives(string spec, string curve, int length)
    {
        string keyArn = _simulator.Host.CreateKey(keySpec: spec);
        using var directory = new TempDirectory();
        await File.WriteAllBytesAsync(directory["kms.der"], _simulator.Host.GetPublicKey(keyArn).ToArray());
        await OpenSslAsync("genpkey", "-algorithm", "EC", "-pkeyopt", $"ec_paramgen_curve:{curve}", "-out", directory["peer.pem"]);
        await OpenSslAsync("pkey", "-in", directory["peer.pem"], "-pubout", "-outform", "DER", "-out", directory["peer.der"]);
        await OpenSslAsync(
            "pkeyutl", "-derive", "-inkey", directory["peer.pem"], "-peerform", "DER", "-peerkey", directory["kms.der"], "-out", directory["secret"]);

        DeriveSharedSecretResponse response = await DeriveAsync(keyArn, await File.ReadAllBytesAsync(directory["peer.der"]));

        Assert.Equal(keyArn, response.KeyId);
        Assert.Equal("ECDH", response.KeyAgreementAlgorithm);
        Assert.Equal("AWS_KMS", response.KeyOrigin);
        Assert.Null(response.CiphertextForRecipient);
        Assert.Equal(length, response.SharedSecret.Length);
        Assert.Equal(await File.ReadAllBytesAsync(directory["secret"]), response.SharedSecret.ToArray());
    }

    [Fact]
    public async Task DeriveSharedSecret_publicKeyThatIsNone_isRefused()
    {
        string keyArn = _simulator.Host.CreateKey(keySpec: "ECC_NIST_P256");
        using var peer = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var otherCurve = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        byte[] publicKey = peer.ExportSubjectPublicKeyInfo();
        byte[] offTheCurve = [.. publicKey];
        offTheCurve[^1] ^= 1;
        using var speltOut = ECDiffieHellman.Create(peer.ExportExplicitParameters(includePrivateParameters: false));

        foreach (byte[] bad in (byte[][])
            [
                [1], offTheCurve, publicKey[..^1], [.. publicKey, 0], new byte[8192], otherCurve.ExportSubjectPublicKeyInfo(),
                rsa.ExportSubjectPublicKeyInfo(), speltOut.ExportSubjectPublicKeyInfo(), peer.ExportPkcs8PrivateKey(),
            ])
        {
            await ValidationFailsAsync(keyArn, bad);
        }

        await ValidationFailsAsync(keyArn, new byte[8193]);
        Assert.Equal(32, (await DeriveAsync(keyArn, publicKey)).SharedSecret.Length);
    }

    [Theory]
    [InlineData("SYMMETRIC_DEFAULT")]
    [InlineData("RSA_2048")]
    public async Task DeriveSharedSecret_keyOfAnotherUsage_isInvalidKeyUsage(string spec)
    {
        using var peer = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);

        await Assert.ThrowsAsync<InvalidKeyUsageException>(
            () => DeriveAsync(_simulator.Host.CreateKey(keySpec: spec), peer.ExportSubjectPublicKeyInfo()));
    }

    private async Task ValidationFailsAsync(string keyArn, byte[] publicKey)
    {
        AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => DeriveAsync(keyArn, publicKey));
        Assert.Equal("ValidationException", e.ErrorCode);
    }

    private static async Task OpenSslAsync(params string[] arguments)
    {
        ProgramResult result = await ProgramRunner.RunAsync("/usr/bin/openssl", arguments);
        Assert.True(result.ExitCode == 0, result.Error);
    }

    private Task<DeriveSharedSecretResponse> DeriveAsync(string keyArn, byte[] publicKey) => _kms.DeriveSharedSecretAsync(
        new DeriveSharedSecretRequest { KeyId = keyArn, KeyAgreementAlgorithm = "ECDH", PublicKey = new MemoryStream(publicKey) });
}
