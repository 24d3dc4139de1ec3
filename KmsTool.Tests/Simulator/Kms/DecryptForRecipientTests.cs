using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Tests.Simulator.Kms;

public class DecryptForRecipientTests
{
    [Fact]
    public async Task Decrypt_withAttestationThatPolicyAdmits_answersForTheEnclaveOnly()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        string keyArn = simulator.Host.CreateKey(KeyPolicies.ForImage(simulator.Host, simulator.Host.Pcrs.Read(0).Value));
        using RecipientKeyPair keyPair = RecipientKeyPair.Generate();

        DecryptResponse response = await DecryptAsync(simulator, keyArn, keyPair);

        Assert.Null(response.Plaintext);
        Assert.Equal(keyArn, response.KeyId);
        using SensitiveBytes plaintext = keyPair.Open(response.CiphertextForRecipient.ToArray());
        Assert.Equal("Hello, KMS!", Encoding.UTF8.GetString(plaintext.Span));
    }

    [Fact]
    public async Task Decrypt_withAnotherImage_isDenied()
    {
        await using RunningSimulator simulator = await RunningSimulator.StartAsync();
        string keyArn = simulator.Host.CreateKey(KeyPolicies.ForImage(simulator.Host, new byte[48]));
        using RecipientKeyPair keyPair = RecipientKeyPair.Generate();

        AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(
            () => DecryptAsync(simulator, keyArn, keyPair));

        Assert.Equal("AccessDeniedException", e.ErrorCode);
        Assert.Contains("no resource-based policy allows the kms:Decrypt action", e.Message, StringComparison.Ordinal);
    }

    private static async Task<DecryptResponse> DecryptAsync(RunningSimulator simulator, string keyArn, RecipientKeyPair keyPair)
    {
        byte[] blob = simulator.Host.Encrypt(keyArn, "Hello, KMS!"u8);
        await using NsmClient nsm = await NsmClient.ConnectAsync(simulator.Host.NsmAddress);
        byte[] document = await nsm.AttestAsync(keyPair.PublicKey);
        return await simulator.Kms(simulator.Host.Role!.CurrentCredential()).DecryptAsync(new DecryptRequest
        {
            CiphertextBlob = new MemoryStream(blob),
            Recipient = new RecipientInfo
            {
                AttestationDocument = new MemoryStream(document),
                KeyEncryptionAlgorithm = KeyEncryptionMechanism.RSAES_OAEP_SHA_256,
            },
        });
    }
}
