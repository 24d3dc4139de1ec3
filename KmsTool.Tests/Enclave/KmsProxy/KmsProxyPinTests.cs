using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Enclave.Kms;
using KmsTool.Simulator.Hosting;
using KmsTool.Tests.Simulator;

namespace KmsTool.Tests.Enclave.KmsProxy;

/// <summary>The daemon's pins hold for applications, too, and for the operations that only they have.</summary>
public sealed class KmsProxyPinTests
{
    [Fact]
    public async Task Allowed_key_is_the_only_one_for_every_operation_that_names_keys()
    {
        string? allowed = null;
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(host => ForKey(allowed = CreateKey(host)));
        string other = proxy.CreateKey();
        proxy.Put(proxy.Simulator.Host.Administrator);
        AmazonKeyManagementServiceClient kms = proxy.Client();
        Func<MemoryStream> plaintext = () => new MemoryStream([1]);
        string id = allowed!.Split('/')[1];

        EncryptResponse encrypted = await kms.EncryptAsync(new EncryptRequest { KeyId = id, Plaintext = plaintext() });
        Assert.Equal(allowed, encrypted.KeyId);
        Assert.Equal(allowed, (await kms.DescribeKeyAsync(allowed)).KeyMetadata.Arn);
        await AssertPinnedAsync(() => kms.EncryptAsync(new EncryptRequest { KeyId = other, Plaintext = plaintext() }));
        await AssertPinnedAsync(() => kms.EncryptAsync(new EncryptRequest { KeyId = "alias/a", Plaintext = plaintext() }));
        await AssertPinnedAsync(() => kms.DescribeKeyAsync(other));
        await AssertPinnedAsync(() => kms.GenerateDataKeyAsync(new GenerateDataKeyRequest { KeyId = other, NumberOfBytes = 1 }));
        await AssertPinnedAsync(() => kms.SignAsync(new SignRequest { KeyId = other, Message = plaintext(), SigningAlgorithm = SigningAlgorithmSpec.ECDSA_SHA_256 }));
        await AssertPinnedAsync(() => kms.CreateAliasAsync("alias/a", other));
        await AssertPinnedAsync(() => kms.ReEncryptAsync(new ReEncryptRequest { CiphertextBlob = encrypted.CiphertextBlob, SourceKeyId = allowed, DestinationKeyId = other }));
        await AssertPinnedAsync(() => kms.ReEncryptAsync(new ReEncryptRequest { CiphertextBlob = encrypted.CiphertextBlob, DestinationKeyId = allowed }));
    }

    [Theory]
    [InlineData("mrk-1234567890abcdef1234567890abcdef", "eu-west-1", "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234567890abcdef1234567890abcdef")]
    [InlineData("mrk-1234567890abcdef1234567890abcdef", "us-east-1", "arn:aws:kms:us-east-1:111122223333:key/mrk-1234567890abcdef1234567890abcdef")]
    [InlineData(null, "eu-west-1", "arn:aws:kms:eu-west-1:111122223333:key/mrk-1234567890abcdef1234567890abcdef")]
    [InlineData("arn:aws:kms:us-east-1:111122223333:key/mrk-1234567890abcdef1234567890abcdef", "eu-west-1", null)]
    [InlineData("mrk-1234567890abcdef1234567890abcdef", "ap-south-1", null)]
    public void Allowed_keys_are_those_of_the_region(string? asked, string region, string? expected)
    {
        KmsPins pins = KmsPins.None with
        {
            AllowedKeys =
            [
                .. ForKey("arn:aws:kms:us-east-1:111122223333:key/mrk-1234567890abcdef1234567890abcdef").AllowedKeys,
                .. ForKey("arn:aws:kms:eu-west-1:111122223333:key/mrk-1234567890abcdef1234567890abcdef").AllowedKeys,
            ],
        };
        var request = new CommandRequest(KmsOperation.GenerateDataKey) { KeyId = asked };

        if (expected is null)
        {
            Assert.Contains("not admitted", Assert.Throws<KmsException>(() => pins.Apply(request, region)).Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(expected, pins.Apply(request, region).KeyId);
        }
    }

    [Fact]
    public async Task Decrypt_of_what_another_key_made_is_refused()
    {
        string? allowed = null;
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(host => ForKey(allowed = CreateKey(host)));
        byte[] good = proxy.Simulator.Host.Encrypt(allowed!, "good"u8);
        byte[] swapped = proxy.Simulator.Host.Encrypt(proxy.CreateKey(), "evil"u8);

        DecryptResponse decrypted = await proxy.Client().DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(good) });
        await AssertPinnedAsync(() => proxy.Client().DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(swapped) }));

        Assert.Equal("good"u8.ToArray(), decrypted.Plaintext.ToArray());
    }

    [Fact]
    public async Task Required_context_is_required_of_every_operation_that_uses_keys()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(_ => KmsPins.None with { RequiredContext = [new RequiredContext("tenant", "7")] });
        proxy.Put(proxy.Simulator.Host.Administrator);
        AmazonKeyManagementServiceClient kms = proxy.Client();
        string key = proxy.CreateKey();
        var right = new Dictionary<string, string> { ["tenant"] = "7" };
        var wrong = new Dictionary<string, string> { ["tenant"] = "8" };

        EncryptResponse encrypted = await kms.EncryptAsync(new EncryptRequest { KeyId = key, Plaintext = new MemoryStream([1]), EncryptionContext = right });
        await kms.DescribeKeyAsync(key);
        await AssertPinnedAsync(() => kms.EncryptAsync(new EncryptRequest { KeyId = key, Plaintext = new MemoryStream([1]) }));
        await AssertPinnedAsync(() => kms.EncryptAsync(new EncryptRequest { KeyId = key, Plaintext = new MemoryStream([1]), EncryptionContext = wrong }));
        await AssertPinnedAsync(() => kms.DecryptAsync(new DecryptRequest { CiphertextBlob = encrypted.CiphertextBlob, EncryptionContext = wrong }));
        await AssertPinnedAsync(() => kms.GenerateDataKeyWithoutPlaintextAsync(new GenerateDataKeyWithoutPlaintextRequest { KeyId = key, NumberOfBytes = 1 }));
        await AssertPinnedAsync(() => kms.GenerateMacAsync(new GenerateMacRequest { KeyId = key, Message = new MemoryStream([1]), MacAlgorithm = MacAlgorithmSpec.HMAC_SHA_256 }));
        await AssertPinnedAsync(() => kms.ReEncryptAsync(new ReEncryptRequest
        {
            CiphertextBlob = encrypted.CiphertextBlob,
            SourceEncryptionContext = right,
            DestinationKeyId = key,
            DestinationEncryptionContext = right,
            DestinationEncryptionAlgorithm = EncryptionAlgorithmSpec.RSAES_OAEP_SHA_256,
        }));
        await AssertPinnedAsync(() => kms.ReEncryptAsync(new ReEncryptRequest
        {
            CiphertextBlob = encrypted.CiphertextBlob,
            SourceEncryptionContext = right,
            DestinationKeyId = key,
            DestinationEncryptionContext = wrong,
        }));
    }

    [Fact]
    public async Task Operations_that_are_not_listed_are_refused()
    {
        await using TestKmsProxy proxy = await TestKmsProxy.StartAsync(_ => KmsPins.None with { Operations = ["GenerateRandom", "ListKeys"] });
        proxy.Put(proxy.Simulator.Host.Administrator);

        await proxy.Client().GenerateRandomAsync(1);
        await proxy.Client().ListKeysAsync(new ListKeysRequest());
        await AssertPinnedAsync(() => proxy.Client().DescribeKeyAsync(proxy.CreateKey()));
        await AssertPinnedAsync(() => proxy.Client().DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream([1]) }));
    }

    private static KmsPins ForKey(string arn)
    {
        Assert.True(KmsKeyArn.TryParse(arn, out KmsKeyArn? key));
        return KmsPins.None with { AllowedKeys = [key] };
    }

    private static string CreateKey(SimulatorHost host) => host.CreateKey(KeyPolicies.ForImage(host, host.Pcrs.Read(0).Value));

    private static async Task AssertPinnedAsync(Func<Task> call)
    {
        AmazonKeyManagementServiceException e = await Assert.ThrowsAnyAsync<AmazonKeyManagementServiceException>(call);
        Assert.Equal("AccessDeniedException", e.ErrorCode);
        Assert.Contains("the enclave is pinned by --", e.Message, StringComparison.Ordinal);
    }
}
