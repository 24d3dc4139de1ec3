using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class AliasTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly RunningSimulator _simulator = fixture.Simulator;
    private readonly AmazonKeyManagementServiceClient _kms = fixture.Simulator.Kms();

    [Fact]
    public async Task Key_namedByAliasOrItsArn_isFoundAndAnsweredByItsOwnArn()
    {
        string keyArn = _simulator.Host.CreateKey();
        await _kms.CreateAliasAsync("alias/app/Main_key-1", keyArn);

        foreach (string name in (string[])["alias/app/Main_key-1", "arn:aws:kms:us-east-1:111122223333:alias/app/Main_key-1"])
        {
            EncryptResponse encrypted = await _kms.EncryptAsync(new EncryptRequest { KeyId = name, Plaintext = new MemoryStream([1]) });
            DecryptResponse decrypted = await _kms.DecryptAsync(new DecryptRequest { KeyId = name, CiphertextBlob = encrypted.CiphertextBlob });

            Assert.Equal(keyArn, (await _kms.DescribeKeyAsync(name)).KeyMetadata.Arn);
            Assert.Equal(keyArn, encrypted.KeyId);
            Assert.Equal(keyArn, decrypted.KeyId);
            // KMS takes no alias here.
            await Assert.ThrowsAsync<NotFoundException>(() => _kms.GetKeyPolicyAsync(new GetKeyPolicyRequest { KeyId = name }));
        }
    }

    [Fact]
    public async Task Key_namedByAnotherAlias_isNotFound()
    {
        await _kms.CreateAliasAsync("alias/app/one", _simulator.Host.CreateKey());

        foreach (string name in (string[])["alias/APP/one", "arn:aws:kms:eu-west-1:111122223333:alias/app/one", "app/one"])
        {
            await Assert.ThrowsAsync<NotFoundException>(() => _kms.DescribeKeyAsync(name));
        }
    }

    [Fact]
    public async Task CreateAlias_inUse_isRefusedAndNamesTheFirstKeyStill()
    {
        string first = _simulator.Host.CreateKey();
        await _kms.CreateAliasAsync("alias/unique", first);

        await Assert.ThrowsAsync<AlreadyExistsException>(() => _kms.CreateAliasAsync("alias/unique", _simulator.Host.CreateKey()));
        await Assert.ThrowsAsync<NotFoundException>(() => _kms.CreateAliasAsync("alias/of-an-alias", "alias/unique"));

        Assert.Equal(first, (await _kms.DescribeKeyAsync("alias/unique")).KeyMetadata.Arn);
    }
}
