using System.Security.Cryptography;
using System.Text.Json;
using Amazon.KeyManagementService;
using Amazon.KeyManagementService.Model;
using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;
using KmsTool.Simulator.Faults;

namespace KmsTool.Tests.Simulator.Kms;

/// <summary>The operations that take a Recipient, as the instance's role calls them; Decrypt has tests of its own too.</summary>
public sealed class RecipientOperationsTests : IAsyncLifetime
{
    private RunningSimulator _simulator = null!;
    private AmazonKeyManagementServiceClient _kms = null!;
    private RecipientKeyPair _keyPair = null!;
    private RecipientInfo _recipient = null!;
    private string _keyArn = null!;

    public async Task InitializeAsync()
    {
        _simulator = await RunningSimulator.StartAsync();
        _kms = _simulator.Kms(_simulator.Host.Role!.CurrentCredential());
        _keyPair = RecipientKeyPair.Generate();
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(_simulator.Host.NsmAddress);
        _recipient = new RecipientInfo
        {
            AttestationDocument = new MemoryStream(await nsm.AttestAsync(_keyPair.PublicKey)),
            KeyEncryptionAlgorithm = KeyEncryptionMechanism.RSAES_OAEP_SHA_256,
        };
        _keyArn = _simulator.Host.CreateKey(Policy());
    }

    public async Task DisposeAsync()
    {
        _keyPair.Dispose();
        await _simulator.DisposeAsync();
    }

    [Fact]
    public async Task Decrypt_rsa_answersForTheEnclaveOnly()
    {
        string keyArn = _simulator.Host.CreateKey(Policy(), "RSA_2048");
        DecryptResponse response = await _kms.DecryptAsync(new DecryptRequest
        {
            KeyId = keyArn,
            CiphertextBlob = new MemoryStream(_simulator.Host.Encrypt(keyArn, "Hello, KMS!"u8, encryptionAlgorithm: "RSAES_OAEP_SHA_256")),
            EncryptionAlgorithm = EncryptionAlgorithmSpec.RSAES_OAEP_SHA_256,
            Recipient = _recipient,
        });

        Assert.Null(response.Plaintext);
        Assert.Equal(keyArn, response.KeyId);
        Assert.Equal("RSAES_OAEP_SHA_256", response.EncryptionAlgorithm);
        Assert.Equal("Hello, KMS!"u8.ToArray(), Open(response.CiphertextForRecipient));
    }

    [Fact]
    public async Task GenerateDataKey_answersForTheEnclaveOnly()
    {
        GenerateDataKeyResponse response = await _kms.GenerateDataKeyAsync(
            new GenerateDataKeyRequest { KeyId = _keyArn, KeySpec = "AES_256", Recipient = _recipient });

        Assert.Null(response.Plaintext);
        Assert.Equal(_keyArn, response.KeyId);
        byte[] dataKey = Open(response.CiphertextForRecipient);
        Assert.Equal(32, dataKey.Length);
        Assert.Equal(dataKey, await DecryptAsync(response.CiphertextBlob));
    }

    [Theory]
    [InlineData("ECC_NIST_P256")]
    [InlineData("RSA_4096")]
    public async Task GenerateDataKeyPair_answersForTheEnclaveOnly(string spec)
    {
        GenerateDataKeyPairResponse response = await _kms.GenerateDataKeyPairAsync(
            new GenerateDataKeyPairRequest { KeyId = _keyArn, KeyPairSpec = spec, Recipient = _recipient });

        Assert.Null(response.PrivateKeyPlaintext);
        Assert.Equal(_keyArn, response.KeyId);
        Assert.Equal(spec, response.KeyPairSpec);
        Assert.InRange(response.CiphertextForRecipient.Length, 1, 6144);
        byte[] privateKey = Open(response.CiphertextForRecipient);
        Assert.Equal(privateKey, await DecryptAsync(response.PrivateKeyCiphertextBlob));
        using AsymmetricAlgorithm pair = spec == "RSA_4096" ? RSA.Create() : ECDiffieHellman.Create();
        pair.ImportPkcs8PrivateKey(privateKey, out _);
        Assert.Equal(pair.ExportSubjectPublicKeyInfo(), response.PublicKey.ToArray());
    }

    [Fact]
    public async Task GenerateRandom_answersForTheEnclaveOnly()
    {
        GenerateRandomResponse response = await _kms.GenerateRandomAsync(new GenerateRandomRequest { NumberOfBytes = 1024, Recipient = _recipient });

        Assert.Null(response.Plaintext);
        Assert.Equal(1024, Open(response.CiphertextForRecipient).Length);
    }

    [Fact]
    public async Task DeriveSharedSecret_answersForTheEnclaveOnly()
    {
        string keyArn = _simulator.Host.CreateKey(Policy(), "ECC_NIST_P384");
        using var peer = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP384);
        using var kmsKey = ECDiffieHellman.Create();
        kmsKey.ImportSubjectPublicKeyInfo(_simulator.Host.GetPublicKey(keyArn).Span, out _);

        DeriveSharedSecretResponse response = await _kms.DeriveSharedSecretAsync(new DeriveSharedSecretRequest
        {
            KeyId = keyArn,
            KeyAgreementAlgorithm = KeyAgreementAlgorithmSpec.ECDH,
            PublicKey = new MemoryStream(peer.ExportSubjectPublicKeyInfo()),
            Recipient = _recipient,
        });

        Assert.Null(response.SharedSecret);
        Assert.Equal(keyArn, response.KeyId);
        Assert.Equal("ECDH", response.KeyAgreementAlgorithm);
        Assert.Equal(peer.DeriveRawSecretAgreement(kmsKey.PublicKey), Open(response.CiphertextForRecipient));
    }

    [Theory]
    [InlineData("Decrypt")]
    [InlineData("GenerateDataKey")]
    [InlineData("GenerateDataKeyPair")]
    [InlineData("DeriveSharedSecret")]
    public async Task PolicyForTheImage_withoutRecipientOrForAnotherImage_isDenied(string operation)
    {
        Dictionary<string, object> request = Request(operation);

        Assert.Equal("AccessDeniedException", await ErrorAsync(operation, request));
        AddRecipient(request);
        Assert.Null(await ErrorAsync(operation, request));
        await using NsmPeer nsm = await NsmPeer.ConnectAsync(_simulator.Host.NsmAddress);
        _simulator.Host.Pcrs.Set(0, new byte[48]);
        _recipient.AttestationDocument = new MemoryStream(await nsm.AttestAsync(_keyPair.PublicKey));
        AddRecipient(request);
        Assert.Equal("AccessDeniedException", await ErrorAsync(operation, request));
    }

    [Theory]
    [InlineData("Decrypt", "Plaintext")]
    [InlineData("GenerateDataKey", "Plaintext")]
    [InlineData("GenerateDataKeyPair", "PrivateKeyPlaintext")]
    [InlineData("DeriveSharedSecret", "SharedSecret")]
    [InlineData("GenerateRandom", "Plaintext")]
    public async Task Faults_applyToEachOperation(string operation, string plaintextName)
    {
        Dictionary<string, object> request = Request(operation);
        AddRecipient(request);
        FaultSwitches faults = _simulator.Host.Faults;

        faults[SimulatorFault.KmsPlaintextBeside] = true;
        using (JsonDocument answer = await AnswerAsync(operation, request))
        {
            Assert.Equal(Open(answer), answer.RootElement.GetProperty(plaintextName).GetBytesFromBase64());
        }

        faults.Clear();
        faults[SimulatorFault.KmsNullBeside] = true;
        using (JsonDocument answer = await AnswerAsync(operation, request))
        {
            Assert.Equal(JsonValueKind.Null, answer.RootElement.GetProperty(plaintextName).ValueKind);
            Assert.NotEmpty(Open(answer));
        }

        faults.Clear();
        faults[SimulatorFault.KmsEmptyBeside] = true;
        using (JsonDocument answer = await AnswerAsync(operation, request))
        {
            Assert.Equal("", answer.RootElement.GetProperty(plaintextName).GetString());
            Assert.NotEmpty(Open(answer));
        }

        faults.Clear();
        faults[SimulatorFault.KmsMissingCiphertextForRecipient] = true;
        using (JsonDocument answer = await AnswerAsync(operation, request))
        {
            Assert.False(answer.RootElement.TryGetProperty("CiphertextForRecipient", out _));
            Assert.False(answer.RootElement.TryGetProperty(plaintextName, out _));
        }

        faults.Clear();
        faults[SimulatorFault.KmsEmptyPlaintext] = true;
        using (JsonDocument answer = await AnswerAsync(operation, request))
        {
            Assert.Empty(Open(answer));
        }

        faults.Clear();
        faults[SimulatorFault.KmsWrongKeyId] = true;
        using (JsonDocument answer = await AnswerAsync(operation, request))
        {
            // GenerateRandom names no key.
            Assert.Equal(operation != "GenerateRandom", answer.RootElement.TryGetProperty("KeyId", out JsonElement keyId));
            Assert.True(keyId.ValueKind == JsonValueKind.Undefined || keyId.GetString() != (string)request["KeyId"]);
        }

        faults.Clear();
        faults[SimulatorFault.KmsForeignEnvelope] = true;
        using (JsonDocument answer = await AnswerAsync(operation, request))
        {
            Assert.Throws<RecipientEnvelopeException>(() => Open(answer));
        }
    }

    private Dictionary<string, object> Request(string operation)
    {
        switch (operation)
        {
            case "Decrypt":
                return new() { ["KeyId"] = _keyArn, ["CiphertextBlob"] = _simulator.Host.Encrypt(_keyArn, [1, 2, 3]) };
            case "GenerateDataKey":
                return new() { ["KeyId"] = _keyArn, ["NumberOfBytes"] = 24 };
            case "GenerateDataKeyPair":
                return new() { ["KeyId"] = _keyArn, ["KeyPairSpec"] = "ECC_NIST_P256" };
            case "GenerateRandom":
                return new() { ["NumberOfBytes"] = 24 };
            default:
                using (var peer = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256))
                {
                    return new()
                    {
                        ["KeyId"] = _simulator.Host.CreateKey(Policy(), "ECC_NIST_P256"),
                        ["KeyAgreementAlgorithm"] = "ECDH",
                        ["PublicKey"] = peer.ExportSubjectPublicKeyInfo(),
                    };
                }
        }
    }

    private void AddRecipient(Dictionary<string, object> request) => request["Recipient"] = new Dictionary<string, object>
    {
        ["AttestationDocument"] = _recipient.AttestationDocument.ToArray(),
        ["KeyEncryptionAlgorithm"] = "RSAES_OAEP_SHA_256",
    };

    private Task<HttpResponseMessage> PostAsync(string operation, Dictionary<string, object> request) =>
        new RawKms(_simulator, _simulator.Host.Role!.CurrentCredential()).PostAsync(operation, JsonSerializer.Serialize(request));

    private async Task<string?> ErrorAsync(string operation, Dictionary<string, object> request)
    {
        using HttpResponseMessage response = await PostAsync(operation, request);
        return response.IsSuccessStatusCode ? null : await RawKms.ErrorOf(response);
    }

    private async Task<JsonDocument> AnswerAsync(string operation, Dictionary<string, object> request)
    {
        using HttpResponseMessage response = await PostAsync(operation, request);
        Assert.True(response.IsSuccessStatusCode);
        return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
    }

    private async Task<byte[]> DecryptAsync(MemoryStream blob) =>
        Open((await _kms.DecryptAsync(new DecryptRequest { CiphertextBlob = blob, Recipient = _recipient })).CiphertextForRecipient);

    private byte[] Open(JsonDocument answer) =>
        Open(new MemoryStream(answer.RootElement.GetProperty("CiphertextForRecipient").GetBytesFromBase64()));

    private byte[] Open(MemoryStream envelope)
    {
        using SensitiveBytes plaintext = _keyPair.Open(envelope.ToArray());
        return plaintext.Span.ToArray();
    }

    private string Policy() => KeyPolicies.ForImage(_simulator.Host, _simulator.Host.Pcrs.Read(0).Value);
}
