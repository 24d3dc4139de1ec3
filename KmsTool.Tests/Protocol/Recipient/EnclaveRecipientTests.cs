using Amazon.KeyManagementService.Model;
using KmsTool.Protocol;
using KmsTool.Protocol.Attestation;
using KmsTool.Protocol.Nsm;
using KmsTool.Protocol.Recipient;
using KmsTool.Tests.Simulator;

namespace KmsTool.Tests.Protocol.Recipient;

public sealed class EnclaveRecipientTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly RunningSimulator _simulator = fixture.Simulator;

    [Fact]
    public async Task Open_reads_the_response_of_KMS()
    {
        await using var nsm = NsmClient.Open(_simulator.Host.NsmAddress.ToString());
        using var recipient = EnclaveRecipient.Create(nsm);
        string key = _simulator.Host.CreateKey(KeyPolicies.ForImage(_simulator.Host, _simulator.Host.Pcrs.Read(0).Value), "SYMMETRIC_DEFAULT");

        DecryptResponse response = await _simulator.Kms(_simulator.Host.Role!.CurrentCredential()).DecryptAsync(new DecryptRequest
        {
            CiphertextBlob = new MemoryStream(_simulator.Host.Encrypt(key, "secret"u8)),
            Recipient = new RecipientInfo
            {
                KeyEncryptionAlgorithm = EnclaveRecipient.KeyEncryptionAlgorithm,
                AttestationDocument = new MemoryStream(await recipient.AttestAsync()),
            },
        });
        using SensitiveBytes plaintext = recipient.Open(response.CiphertextForRecipient.ToArray());

        Assert.Equal("secret"u8, plaintext.Span);
    }

    [Fact]
    public async Task AttestAsync_attests_the_public_key()
    {
        await using var nsm = NsmClient.Open(_simulator.Host.NsmAddress.ToString());
        using var recipient = EnclaveRecipient.Create(nsm);

        byte[] document = await recipient.AttestAsync();

        var verifier = new AttestationVerifier(AttestationRoot.FromCertificate(_simulator.Host.NsmRoot));
        AttestationDocument attested = verifier.Verify(document, TimeProvider.System.GetUtcNow()).GetDocument();
        Assert.Equal(recipient.PublicKey.ToArray(), attested.PublicKey!.Value.ToArray());
    }

    [Fact]
    public async Task Open_envelope_for_another_key_is_refused()
    {
        await using var nsm = NsmClient.Open(_simulator.Host.NsmAddress.ToString());
        using var recipient = EnclaveRecipient.Create(nsm);
        using var other = EnclaveRecipient.Create(nsm);
        byte[] envelope = RecipientEnvelope.Seal("secret"u8, other.PublicKey.Span);

        Assert.Throws<RecipientEnvelopeException>(() => recipient.Open(envelope));
        Assert.Throws<RecipientEnvelopeException>(() => recipient.Open(new byte[EnclaveRecipient.MaxCiphertextLength + 1]));
    }
}
