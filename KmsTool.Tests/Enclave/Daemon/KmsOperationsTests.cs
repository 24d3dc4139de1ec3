using System.Security.Cryptography;
using System.Text.Json;

namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>Each operation over the wire, with what KMS holds as judge of what comes back.</summary>
public class KmsOperationsTests
{
    [Theory]
    [InlineData("""
        "KeySpec":"AES_256"
        """, 32)]
    [InlineData("""
        "KeySpec":"AES_128"
        """, 16)]
    [InlineData("""
        "NumberOfBytes":1
        """, 1)]
    [InlineData("""
        "NumberOfBytes":1024
        """, 1024)]
    public async Task GenerateDataKey_givesTheKeyAndItsCiphertext(string size, int length)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string key = enclave.CreateKey();

        JsonElement reply = await AskAsync(peer,
            $$"""{"Operation":"GenerateDataKey","KeyId":"{{key}}",{{size}},"EncryptionContext":{"a":"b"},"GrantTokens":["t"]}""");

        AssertMembers(reply, "Status", "KeyId", "CiphertextBlob", "Plaintext");
        Assert.Equal(key, reply.GetProperty("KeyId").GetString());
        Assert.Equal(length, reply.GetProperty("Plaintext").GetBytesFromBase64().Length);
        JsonElement decrypted = await AskAsync(peer,
            $$$"""{"Operation":"Decrypt","Ciphertext":"{{{reply.GetProperty("CiphertextBlob")}}}","EncryptionContext":{"a":"b"}}""");
        Assert.Equal(reply.GetProperty("Plaintext").GetString(), decrypted.GetProperty("Message").GetString());
    }

    [Theory]
    [InlineData("RSA_2048")]
    [InlineData("RSA_4096")]
    [InlineData("ECC_NIST_P256")]
    [InlineData("ECC_NIST_P384")]
    [InlineData("ECC_NIST_P521")]
    [InlineData("ECC_SECG_P256K1")]
    public async Task GenerateDataKeyPair_givesBothKeysAndTheCiphertextOfThePrivateOne(string spec)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string key = enclave.CreateKey();

        JsonElement reply = await AskAsync(peer,
            $$$"""{"Operation":"GenerateDataKeyPair","KeyId":"{{{key}}}","KeyPairSpec":"{{{spec}}}","EncryptionContext":{"a":"b"}}""");

        AssertMembers(reply, "Status", "KeyId", "KeyPairSpec", "PublicKey", "PrivateKeyCiphertextBlob", "PrivateKeyPlaintext");
        Assert.Equal((key, spec), (reply.GetProperty("KeyId").GetString(), reply.GetProperty("KeyPairSpec").GetString()));
        using AsymmetricAlgorithm pair = spec.StartsWith("RSA", StringComparison.Ordinal) ? RSA.Create() : ECDsa.Create();
        pair.ImportPkcs8PrivateKey(reply.GetProperty("PrivateKeyPlaintext").GetBytesFromBase64(), out _);
        Assert.Equal(reply.GetProperty("PublicKey").GetBytesFromBase64(), pair.ExportSubjectPublicKeyInfo());
        JsonElement decrypted = await AskAsync(peer,
            $$$"""{"Operation":"Decrypt","Ciphertext":"{{{reply.GetProperty("PrivateKeyCiphertextBlob")}}}","EncryptionContext":{"a":"b"}}""");
        Assert.Equal(reply.GetProperty("PrivateKeyPlaintext").GetString(), decrypted.GetProperty("Message").GetString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1024)]
    public async Task GenerateRandom_givesThatManyBytes(int length)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        JsonElement reply = await AskAsync(peer, $$"""{"Operation":"GenerateRandom","NumberOfBytes":{{length}}}""");

        AssertMembers(reply, "Status", "Plaintext");
        Assert.Equal(length, reply.GetProperty("Plaintext").GetBytesFromBase64().Length);
    }

    [Theory]
    [InlineData("ECC_NIST_P256", "nistP256")]
    [InlineData("ECC_NIST_P384", "nistP384")]
    [InlineData("ECC_NIST_P521", "nistP521")]
    public async Task DeriveSharedSecret_isWhatThePeerDerives(string keySpec, string curve)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string key = enclave.CreateKey(keySpec);
        using var other = ECDiffieHellman.Create(ECCurve.CreateFromFriendlyName(curve));
        using var own = ECDiffieHellman.Create();
        own.ImportSubjectPublicKeyInfo(enclave.Simulator.Host.GetPublicKey(key).Span, out _);

        JsonElement reply = await AskAsync(peer,
            $$"""{"Operation":"DeriveSharedSecret","KeyId":"{{key}}","PublicKey":"{{Convert.ToBase64String(other.ExportSubjectPublicKeyInfo())}}"}""");

        AssertMembers(reply, "Status", "KeyId", "KeyAgreementAlgorithm", "SharedSecret");
        Assert.Equal((key, "ECDH"), (reply.GetProperty("KeyId").GetString(), reply.GetProperty("KeyAgreementAlgorithm").GetString()));
        Assert.Equal(other.DeriveRawSecretAgreement(own.PublicKey), reply.GetProperty("SharedSecret").GetBytesFromBase64());
    }

    [Theory]
    [InlineData("RSAES_OAEP_SHA_1", "SHA1")]
    [InlineData("RSAES_OAEP_SHA_256", "SHA256")]
    public async Task Decrypt_withAnRsaKey_givesThePlaintext(string algorithm, string hash)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string key = enclave.CreateKey("RSA_2048");
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(enclave.Simulator.Host.GetPublicKey(key).Span, out _);
        byte[] ciphertext = rsa.Encrypt("secret"u8, RSAEncryptionPadding.CreateOaep(new HashAlgorithmName(hash)));

        JsonElement reply = await AskAsync(peer,
            $$"""{"Operation":"Decrypt","Ciphertext":"{{Convert.ToBase64String(ciphertext)}}","KeyId":"{{key}}","EncryptionAlgorithm":"{{algorithm}}"}""");

        Assert.Equal("secret"u8, reply.GetProperty("Message").GetBytesFromBase64());
    }

    [Theory]
    [InlineData("""
        "Operation":"Decrypt","Ciphertext":"CIPHERTEXT"
        """, "Could not decrypt ciphertext")]
    [InlineData("""
        "Operation":"GenerateDataKey","KeyId":"KEY","KeySpec":"AES_256"
        """, "Could not generate data key")]
    [InlineData("""
        "Operation":"GenerateDataKeyPair","KeyId":"KEY","KeyPairSpec":"ECC_NIST_P256"
        """, "Could not generate data key pair")]
    [InlineData("""
        "Operation":"DeriveSharedSecret","KeyId":"AGREEMENT","PublicKey":"PUBLIC"
        """, "Could not derive shared secret")]
    public async Task DryRun_ofWhatKmsWouldDo_isAnsweredWithKmssWord(string command, string message)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string key = enclave.CreateKey();
        string agreement = enclave.CreateKey("ECC_NIST_P256");
        command = command
            .Replace("CIPHERTEXT", Convert.ToBase64String(enclave.Simulator.Host.Encrypt(key, "secret"u8)), StringComparison.Ordinal)
            .Replace("KEY", key, StringComparison.Ordinal)
            .Replace("AGREEMENT", agreement, StringComparison.Ordinal)
            .Replace("PUBLIC", Convert.ToBase64String(enclave.Simulator.Host.GetPublicKey(agreement).Span), StringComparison.Ordinal);

        JsonElement reply = await AskAsync(peer, $$"""{{{command}},"DryRun":true}""");

        Assert.Equal("DryRunOperationException", reply.GetProperty("Code").GetString());
        Assert.StartsWith(message + ": DryRunOperationException", reply.GetProperty("Message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GenerateDataKey", """
        "KeySpec":"AES_256"
        """)]
    [InlineData("GenerateDataKeyPair", """
        "KeyPairSpec":"RSA_2048"
        """)]
    [InlineData("DeriveSharedSecret", """
        "PublicKey":"AAAA"
        """)]
    public async Task Operation_thatNeedsAKey_withoutOne_saysSo(string operation, string members)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        JsonElement reply = await AskAsync(peer, $$"""{"Operation":"{{operation}}",{{members}}}""");

        Assert.Equal("InvalidParameter", reply.GetProperty("Code").GetString());
        Assert.Contains($"KeyId is missing: {operation} needs a key", reply.GetProperty("Message").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Decrypt", """
        "Ciphertext":"AAAA"
        """)]
    [InlineData("GenerateRandom", """
        "NumberOfBytes":1
        """)]
    public async Task Operation_beforeSetClient_isRefused(string operation, string members)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();

        JsonElement reply = await AskAsync(peer, $$"""{"Operation":"{{operation}}",{{members}}}""");

        Assert.Equal("Client not initialized", reply.GetProperty("Message").GetString());
    }

    [Fact]
    public async Task Recipient_ofTheCaller_isNotSent()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        JsonElement reply = await AskAsync(peer,
            $$$"""{"Operation":"Decrypt","Ciphertext":"{{{enclave.Encrypt("secret"u8)}}}","Recipient":{"KeyEncryptionAlgorithm":"RSAES_OAEP_SHA_256","AttestationDocument":"AAAA"}}""");

        Assert.Equal("secret"u8, reply.GetProperty("Message").GetBytesFromBase64());
    }

    private static async Task<JsonElement> AskAsync(EnclavePeer peer, string message) => JsonElement.Parse((await peer.AskAsync(message))!);

    private static void AssertMembers(JsonElement reply, params string[] names) =>
        Assert.Equal(names, reply.EnumerateObject().Select(member => member.Name));
}
