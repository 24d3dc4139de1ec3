using System.Security.Cryptography;
using System.Text;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Tests.Simulator.Kms;

public sealed class DecryptForRecipientTests : IAsyncLifetime
{
    private RunningSimulator _simulator = null!;
    private RecipientKeyPair _keyPair = null!;
    private string _keyArn = null!;

    public async Task InitializeAsync()
    {
        _simulator = await RunningSimulator.StartAsync();
        _keyPair = RecipientKeyPair.Generate();
        _keyArn = _simulator.Host.CreateKey(KeyPolicies.ForImage(_simulator.Host, _simulator.Host.Pcrs.Read(0).Value));
    }

    public async Task DisposeAsync()
    {
        _keyPair.Dispose();
        await _simulator.DisposeAsync();
    }

    [Fact]
    public async Task Decrypt_withAttestationThatPolicyAdmits_answersForTheEnclaveOnly()
    {
        DecryptResponse response = await DecryptAsync(await AttestAsync());

        Assert.Null(response.Plaintext);
        Assert.Equal(_keyArn, response.KeyId);
        Assert.Equal("SYMMETRIC_DEFAULT", response.EncryptionAlgorithm);
        using SensitiveBytes plaintext = _keyPair.Open(response.CiphertextForRecipient.ToArray());
        Assert.Equal("Hello, KMS!", Encoding.UTF8.GetString(plaintext.Span));
    }

    [Fact]
    public async Task Decrypt_anotherImage_isDenied()
    {
        byte[] document = await AttestAsync();
        _simulator.Host.Pcrs.Set(0, new byte[48]);
        byte[] debugDocument = await AttestAsync();

        Assert.Equal("AccessDeniedException", await ErrorAsync(debugDocument));
        // What was attested counts, not what the enclave is by now.
        Assert.NotNull((await DecryptAsync(document)).CiphertextForRecipient);
    }

    [Fact]
    public async Task Decrypt_withoutRecipient_isDenied()
    {
        AmazonKeyManagementServiceException e = await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(
            () => Kms().DecryptAsync(new DecryptRequest { CiphertextBlob = new MemoryStream(_simulator.Host.Encrypt(_keyArn, [1])) }));

        Assert.Equal("AccessDeniedException", e.ErrorCode);
    }

    [Fact]
    public async Task Decrypt_policyWithdrawn_isDeniedThoughTheDocumentIsKnown()
    {
        byte[] document = await AttestAsync();
        await DecryptAsync(document);

        await _simulator.Kms().PutKeyPolicyAsync(
            new PutKeyPolicyRequest { KeyId = _keyArn, Policy = KeyPolicies.ForImage(_simulator.Host, new byte[48]) });

        Assert.Equal("AccessDeniedException", await ErrorAsync(document));
    }

    [Theory]
    [InlineData(290, true)]
    [InlineData(310, false)]
    [InlineData(-310, false)]
    public async Task Decrypt_document_isGoodForFiveMinutesThoughItIsKnown(int age, bool isAccepted)
    {
        byte[] document = await AttestAsync();
        await DecryptAsync(document);

        _simulator.Host.Clock.Offset = TimeSpan.FromSeconds(age);

        // The client's own clock stays where it is; 310 seconds would spoil its signature.
        string? error = await ErrorWithCorrectedClockAsync(document);
        Assert.Equal(isAccepted ? null : "ValidationException", error);
    }

    [Fact]
    public async Task Decrypt_documentThatProvesNothing_isRefused()
    {
        byte[] document = await AttestAsync();
        byte[] altered = [.. document];
        altered[^1] ^= 1;
        await using RunningSimulator stranger = await RunningSimulator.StartAsync();
        await using NsmPeer strangersNsm = await NsmPeer.ConnectAsync(stranger.Host.NsmAddress);
        using var shortKey = RSA.Create(1024);
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        Assert.Equal("ValidationException", await ErrorAsync(altered));
        Assert.Equal("ValidationException", await ErrorAsync(document[..^1]));
        Assert.Equal("ValidationException", await ErrorAsync(await strangersNsm.AttestAsync(_keyPair.PublicKey)));
        Assert.Equal("ValidationException", await ErrorAsync(await AttestAsync(publicKey: null)));
        Assert.Equal("ValidationException", await ErrorAsync(await AttestAsync(publicKey: Array.Empty<byte>())));
        Assert.Equal("ValidationException", await ErrorAsync(await AttestAsync(new byte[] { 1 })));
        Assert.Equal("ValidationException", await ErrorAsync(await AttestAsync(shortKey.ExportSubjectPublicKeyInfo())));
        Assert.Equal("ValidationException", await ErrorAsync(await AttestAsync(otherKey.ExportSubjectPublicKeyInfo())));
        Assert.Equal("ValidationException", await ErrorAsync(await AttestAsync(new ReadOnlyMemory<byte>([.. _keyPair.PublicKey.Span, 0]))));
    }

    private AmazonKeyManagementServiceClient Kms() => _simulator.Kms(_simulator.Host.Role!.CurrentCredential());

    private Task<byte[]> AttestAsync() => AttestAsync(_keyPair.PublicKey);

    private async Task<byte[]> AttestAsync(ReadOnlyMemory<byte>? publicKey)
    {
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(_simulator.Host.NsmAddress);
        return await nsm.AttestAsync(publicKey);
    }

    private Task<DecryptResponse> DecryptAsync(byte[] document) => Kms().DecryptAsync(new DecryptRequest
    {
        CiphertextBlob = new MemoryStream(_simulator.Host.Encrypt(_keyArn, "Hello, KMS!"u8)),
        Recipient = new RecipientInfo
        {
            AttestationDocument = new MemoryStream(document),
            KeyEncryptionAlgorithm = KeyEncryptionMechanism.RSAES_OAEP_SHA_256,
        },
    });

    private async Task<string> ErrorAsync(byte[] document) =>
        (await Assert.ThrowsAsync<AmazonKeyManagementServiceException>(() => DecryptAsync(document))).ErrorCode;

    private async Task<string?> ErrorWithCorrectedClockAsync(byte[] document)
    {
        string body = System.Text.Json.JsonSerializer.Serialize(new
        {
            CiphertextBlob = _simulator.Host.Encrypt(_keyArn, "x"u8),
            Recipient = new { AttestationDocument = document, KeyEncryptionAlgorithm = "RSAES_OAEP_SHA_256" },
        });
        using HttpResponseMessage response = await new RawKms(_simulator, _simulator.Host.Role!.CurrentCredential()).PostAsync("Decrypt", body);
        return response.IsSuccessStatusCode ? null : await RawKms.ErrorOf(response);
    }
}
