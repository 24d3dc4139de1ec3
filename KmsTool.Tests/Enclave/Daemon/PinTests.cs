using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Simulator.Faults;
using KmsTool.Tests.Simulator;

namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>What the measured configuration fixes holds whatever the parent sends, and the error names the pin.</summary>
public class PinTests
{
    private const string AllowKey = "pinned by --allow-key";
    private const string Context = "pinned by --require-encryption-context";

    [Fact]
    public async Task AllowKey_one_isSentAsKeyIdAndItsCiphertextsAreDecrypted()
    {
        await using TestEnclave enclave = await StartAsync(keys: 1);
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string pinned = enclave.Options.Kms.Pins.AllowedKeys[0].Arn;

        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await DecryptAsync(enclave, peer, pinned));
        // KMS, not the answer's check, refuses what another key made: it was given the pinned KeyId.
        AssertError("PinViolated", "IncorrectKeyException", await DecryptAsync(enclave, peer, enclave.CreateKey()));
        JsonElement dataKey = await AskAsync(peer, """{"Operation":"GenerateDataKey","KeySpec":"AES_256"}""");
        Assert.Equal(pinned, dataKey.GetProperty("KeyId").GetString());
    }

    [Fact]
    public async Task AllowKey_several_admitsTheirCiphertextsAndRefusesTheAnswerOfAnother()
    {
        await using TestEnclave enclave = await StartAsync(keys: 2);
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        foreach (KmsKeyArn key in enclave.Options.Kms.Pins.AllowedKeys)
        {
            Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await DecryptAsync(enclave, peer, key.Arn));
        }

        AssertError("PinViolated", AllowKey, await DecryptAsync(enclave, peer, enclave.CreateKey()));
        AssertError("PinViolated", AllowKey, await peer.AskAsync("""{"Operation":"GenerateDataKey","KeySpec":"AES_256"}"""));
    }

    [Fact]
    public async Task AllowKey_keyIdOfTheCommand_mustBeAnAdmittedOne()
    {
        await using TestEnclave enclave = await StartAsync(keys: 2);
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        KmsKeyArn second = enclave.Options.Kms.Pins.AllowedKeys[1];
        string dataKey(string keyId) => $$"""{"Operation":"GenerateDataKey","KeySpec":"AES_128","KeyId":"{{keyId}}"}""";

        Assert.Equal(second.Arn, (await AskAsync(peer, dataKey(second.Arn))).GetProperty("KeyId").GetString());
        Assert.Equal(second.Arn, (await AskAsync(peer, dataKey(second.Id))).GetProperty("KeyId").GetString());
        AssertError("PinViolated", AllowKey, await peer.AskAsync(dataKey(enclave.CreateKey())));
        AssertError("PinViolated", AllowKey, await peer.AskAsync(dataKey("alias/admitted-perhaps")));
    }

    [Theory]
    [InlineData("Decrypt")]
    [InlineData("GenerateDataKey")]
    [InlineData("GenerateDataKeyPair")]
    [InlineData("DeriveSharedSecret")]
    public async Task AllowKey_answerThatNamesAnotherKey_isRefused(string operation)
    {
        await using TestEnclave enclave = await StartAsync(keys: 1, operation == "DeriveSharedSecret" ? "ECC_NIST_P256" : "SYMMETRIC_DEFAULT");
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string pinned = enclave.Options.Kms.Pins.AllowedKeys[0].Arn;
        enclave.Simulator.Host.Faults[SimulatorFault.KmsWrongKeyId] = true;
        string members = operation switch
        {
            "Decrypt" => $"\"Ciphertext\":\"{Convert.ToBase64String(enclave.Simulator.Host.Encrypt(pinned, "secret"u8))}\"",
            "GenerateDataKey" => "\"KeySpec\":\"AES_256\"",
            "GenerateDataKeyPair" => "\"KeyPairSpec\":\"ECC_NIST_P256\"",
            _ => $"\"PublicKey\":\"{Convert.ToBase64String(enclave.Simulator.Host.GetPublicKey(pinned).Span)}\"",
        };

        AssertError("PinViolated", AllowKey, await peer.AskAsync($$"""{"Operation":"{{operation}}",{{members}}}"""));
    }

    [Fact]
    public async Task KeyArnOfTheCommand_isComparedWithTheAnswersWithoutAnyPin()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        enclave.Simulator.Host.Faults[SimulatorFault.KmsWrongKeyId] = true;

        AssertError("InvalidKmsAnswer", "another key than KeyId names", await peer.AskAsync(
            $$"""{"Operation":"GenerateDataKey","KeySpec":"AES_256","KeyId":"{{enclave.CreateKey()}}"}"""));
    }

    [Fact]
    public async Task AllowKey_saysTheRegionWhereNobodyElseDoes()
    {
        Assert.True(KmsKeyArn.TryParse("arn:aws:kms:eu-west-3:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab", out KmsKeyArn? key));
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with { Kms = options.Kms with { Pins = new KmsPins { AllowedKeys = [key] } } });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        // The simulator's certificate is of us-east-1 alone: the name that TLS missed is the one that was asked for.
        AssertError("KmsTlsFailed", "RemoteCertificateNameMismatch", await peer.AskAsync(enclave.SetClient()));
        AssertError("PinViolated", AllowKey + ": no admitted key is of the region us-east-1",
            await peer.AskAsync(enclave.SetClient().Replace("}", ",\"AwsRegion\":\"us-east-1\"}", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("""{"App":"vault","Stage":"anything"}""", null)]
    [InlineData("""{"App":"vault","Stage":"","More":"x"}""", null)]
    [InlineData("""{"App":"vault"}""", Context + " Stage: ")]
    [InlineData("""{"App":"other","Stage":"x"}""", Context + " App=vault: ")]
    [InlineData("""{"app":"vault","Stage":"x"}""", Context + " App=vault: ")]
    [InlineData("{}", Context + " App=vault: ")]
    [InlineData("null", Context + " App=vault: ")]
    public async Task RequiredContext_mustBeThere(string context, string? violation)
    {
        await using TestEnclave enclave = await StartWithContextAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        string? reply = await peer.AskAsync(
            $$"""{"Operation":"GenerateDataKey","KeySpec":"AES_256","KeyId":"{{enclave.CreateKey()}}","EncryptionContext":{{context}}}""");

        if (violation is null)
        {
            Assert.StartsWith("""{"Status":"Ok",""", reply, StringComparison.Ordinal);
        }
        else
        {
            AssertError("PinViolated", violation, reply);
        }
    }

    [Fact]
    public async Task RequiredContext_cannotBeEvadedByWhatTakesNone()
    {
        await using TestEnclave enclave = await StartWithContextAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string rsa = enclave.CreateKey("RSA_2048");

        AssertError("PinViolated", Context, await peer.AskAsync(
            $$$"""{"Operation":"Decrypt","Ciphertext":"AAAA","KeyId":"{{{rsa}}}","EncryptionAlgorithm":"RSAES_OAEP_SHA_256","EncryptionContext":{"App":"vault","Stage":"x"}}"""));
        AssertError("PinViolated", Context, await peer.AskAsync($$"""{"Operation":"DeriveSharedSecret","KeyId":"{{rsa}}","PublicKey":"AAAA"}"""));
        Assert.StartsWith("""{"Status":"Ok",""", await peer.AskAsync("""{"Operation":"GenerateRandom","NumberOfBytes":8}"""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"Operation":"Decrypt","Ciphertext":"AAAA"}""")]
    [InlineData("""{"Operation":"GenerateDataKey","KeyId":"k","KeySpec":"AES_256"}""")]
    [InlineData("""{"Operation":"GenerateDataKeyPair","KeyId":"k","KeyPairSpec":"RSA_2048"}""")]
    [InlineData("""{"Operation":"DeriveSharedSecret","KeyId":"k","PublicKey":"AAAA"}""")]
    [InlineData("""{"Operation":"Describe"}""")]
    [InlineData("""{"Operation":"Attest"}""")]
    public async Task Operations_thatAreNotListed_areRefused(string command)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Kms = options.Kms with { Pins = new KmsPins { Operations = ["GenerateRandom"] } } });
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        AssertError("PinViolated", "pinned by --operations: this enclave does not carry out", await peer.AskAsync(command));
        Assert.StartsWith("""{"Status":"Ok",""", await peer.AskAsync("""{"Operation":"GenerateRandom","NumberOfBytes":8}"""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sha256")]
    [InlineData("None")]
    public async Task Reply_thatIsNotThePlaintext_holdsNoneOfIt(string disclosure)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Disclosure = Enum.Parse<SecretDisclosure>(disclosure) });
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string key = enclave.CreateKey();
        string sha256 = disclosure == "Sha256" ? $"\"Sha256\":\"{Convert.ToHexStringLower(SHA256.HashData("secret"u8))}\"," : "";

        Assert.Equal($$"""{"Status":"Ok",{{sha256}}"Withheld":true}""", await DecryptAsync(enclave, peer, key));
        foreach (string command in (string[])
        [
            $$"""{"Operation":"GenerateDataKey","KeyId":"{{key}}","KeySpec":"AES_256"}""",
            $$"""{"Operation":"GenerateDataKeyPair","KeyId":"{{key}}","KeyPairSpec":"ECC_NIST_P256"}""",
            """{"Operation":"GenerateRandom","NumberOfBytes":8}""",
        ])
        {
            JsonElement reply = await AskAsync(peer, command);
            Assert.Equal("Ok", reply.GetProperty("Status").GetString());
            Assert.True(reply.GetProperty("Withheld").GetBoolean());
            Assert.Equal(disclosure == "Sha256", reply.TryGetProperty("Sha256", out _));
            Assert.DoesNotContain(reply.EnumerateObject(), member => member.Name is "Plaintext" or "PrivateKeyPlaintext" or "Message");
        }
    }

    [Fact]
    public async Task Region_pinned_isNoMatterOfTheCommand()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with { Kms = options.Kms with { Region = "us-east-1" } });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        string named = enclave.SetClient().Replace("}", ",\"AwsRegion\":\"eu-west-1\"}", StringComparison.Ordinal);

        AssertError("InvalidRegion", "pinned by --region (or REGION) to us-east-1", await peer.AskAsync(named));
    }

    [Theory]
    [InlineData("us-east-1")]
    [InlineData(null)]
    public async Task Region_empty_in_the_command_counts_as_unset(string? pinned)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with { Kms = options.Kms with { Region = pinned } });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        Assert.Equal("""{"Status":"Ok"}""", await peer.AskAsync(enclave.SetClient().Replace("}", ",\"AwsRegion\":\"\"}", StringComparison.Ordinal)));
    }

    private static Task<TestEnclave> StartWithContextAsync() => TestEnclave.StartAsync(options => options with
    {
        Kms = options.Kms with
        {
            Pins = new KmsPins { RequiredContext = [new RequiredContext("App", "vault"), new RequiredContext("Stage", null)] },
        },
    });

    /// <summary>An enclave that is pinned to keys of its simulator's, which admit it.</summary>
    private static Task<TestEnclave> StartAsync(int keys, string keySpec = "SYMMETRIC_DEFAULT") => TestEnclave.StartAsync((options, host) => options with
    {
        Kms = options.Kms with
        {
            Pins = new KmsPins
            {
                AllowedKeys =
                [
                    .. Enumerable.Range(0, keys).Select(_ =>
                    {
                        string arn = host.CreateKey(KeyPolicies.ForImage(host, host.Pcrs.Read(0).Value), keySpec);
                        Assert.True(KmsKeyArn.TryParse(arn, out KmsKeyArn? key));
                        return key;
                    }),
                ],
            },
        },
    });

    private static async Task<string?> DecryptAsync(TestEnclave enclave, EnclavePeer peer, string key) => await peer.AskAsync(
        $$"""{"Operation":"Decrypt","Ciphertext":"{{Convert.ToBase64String(enclave.Simulator.Host.Encrypt(key, "secret"u8))}}"}""");

    private static async Task<JsonElement> AskAsync(EnclavePeer peer, string message) => JsonElement.Parse((await peer.AskAsync(message))!);

    private static void AssertError(string code, string part, string? reply)
    {
        var error = JsonElement.Parse(reply!);
        Assert.Equal((code, "Error"), (error.GetProperty("Code").GetString(), error.GetProperty("Status").GetString()));
        Assert.Contains(part, error.GetProperty("Message").GetString(), StringComparison.Ordinal);
    }
}
