using System.Text.Json;

namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>Messages at and past their bounds: an error reply, and the connection goes on.</summary>
public class InvalidMessageTests
{
    public static TheoryData<string, string> InvalidDecrypts => new()
    {
        { """ "EncryptionContext":5 """, "EncryptionContext is wrong type" },
        { """ "EncryptionContext":"a=b" """, "EncryptionContext is wrong type" },
        { """ "EncryptionContext":["a"] """, "EncryptionContext is wrong type" },
        { """ "EncryptionContext":true """, "EncryptionContext is wrong type" },
        { """ "EncryptionContext":{"a":5} """, "EncryptionContext is wrong type" },
        { """ "EncryptionContext":{"a":null} """, "EncryptionContext is wrong type" },
        { """ "EncryptionContext":{"a":{"b":"c"}} """, "EncryptionContext is wrong type" },
        { """ "EncryptionContext":{"a":"b","a":"c"} """, "Error reading JSON object" },
        { """ "EncryptionContext":{"a":"b","\u0061":"c"} """, "Error reading JSON object" },
        { $$""" "EncryptionContext":{"a":"{{new string('x', 8192)}}"} """, "EncryptionContext is too large" },
        { """ "KeyId":5 """, "KeyId is wrong" },
        { """ "KeyId":"" """, "KeyId is wrong" },
        { """ "EncryptionAlgorithm":"ROT13" """, "EncryptionAlgorithm is wrong: it takes one of" },
        { """ "GrantTokens":"token" """, "GrantTokens is wrong" },
        { """ "GrantTokens":[5] """, "GrantTokens is wrong" },
        { """ "GrantTokens":["1","2","3","4","5","6","7","8","9","10","11"] """, "GrantTokens is wrong" },
    };

    [Theory]
    [MemberData(nameof(InvalidDecrypts))]
    public async Task Decrypt_withInvalidMember_isRefusedByName(string member, string message)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string ciphertext = enclave.Encrypt("secret"u8);

        AssertError(message, await peer.AskAsync($$"""{"Operation":"Decrypt","Ciphertext":"{{ciphertext}}",{{member}}}"""));

        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.AskAsync(Decrypt(ciphertext)));
    }

    public static TheoryData<string, string> InvalidCommands => new()
    {
        { """ "Operation":"GenerateDataKey","KeyId":"k" """, "KeySpec (AES_256 or AES_128) or NumberOfBytes (1 to 1024) is needed" },
        { """ "Operation":"GenerateDataKey","KeyId":"k","KeySpec":"AES_256","NumberOfBytes":32 """, "KeySpec (AES_256 or AES_128) or NumberOfBytes (1 to 1024) is needed, and only one of them" },
        { """ "Operation":"GenerateDataKey","KeyId":"k","KeySpec":"AES_192" """, "KeySpec is wrong: it takes one of AES_256, AES_128" },
        { """ "Operation":"GenerateDataKey","KeyId":"k","KeySpec":5 """, "KeySpec is wrong" },
        { """ "Operation":"GenerateDataKey","KeyId":"k","NumberOfBytes":0 """, "NumberOfBytes is wrong: it takes a number from 1 to 1024" },
        { """ "Operation":"GenerateDataKey","KeyId":"k","NumberOfBytes":1025 """, "NumberOfBytes is wrong: it takes a number from 1 to 1024" },
        { """ "Operation":"GenerateDataKey","KeyId":"k","KeySpec":"AES_256","DryRun":"yes" """, "DryRun is wrong: it takes true or false" },
        { """ "Operation":"GenerateDataKeyPair","KeyId":"k" """, "KeyPairSpec is missing: it takes one of RSA_2048" },
        { """ "Operation":"GenerateDataKeyPair","KeyId":"k","KeyPairSpec":"RSA_1024" """, "KeyPairSpec is wrong: it takes one of RSA_2048" },
        { """ "Operation":"GenerateRandom" """, "NumberOfBytes is missing: it takes a number from 1 to 1024" },
        { """ "Operation":"GenerateRandom","NumberOfBytes":0 """, "NumberOfBytes is wrong: it takes a number from 1 to 1024" },
        { """ "Operation":"GenerateRandom","NumberOfBytes":1025 """, "NumberOfBytes is wrong: it takes a number from 1 to 1024" },
        { """ "Operation":"GenerateRandom","NumberOfBytes":"32" """, "NumberOfBytes is wrong" },
        { """ "Operation":"GenerateRandom","NumberOfBytes":1.5 """, "NumberOfBytes is wrong" },
        { """ "Operation":"DeriveSharedSecret","KeyId":"k" """, "PublicKey is missing: it takes 1 to 8192 bytes in base64" },
        { """ "Operation":"DeriveSharedSecret","KeyId":"k","PublicKey":"" """, "PublicKey is wrong: it takes 1 to 8192 bytes in base64" },
        { """ "Operation":"DeriveSharedSecret","KeyId":"k","PublicKey":"?" """, "PublicKey is wrong" },
        { $$""" "Operation":"DeriveSharedSecret","KeyId":"k","PublicKey":"{{Convert.ToBase64String(new byte[8193])}}" """, "PublicKey is wrong" },
        { """ "Operation":"DeriveSharedSecret","KeyId":"k","PublicKey":"AAAA","KeyAgreementAlgorithm":"DH" """, "KeyAgreementAlgorithm is wrong: it takes one of ECDH" },
        { """ "Operation":"Attest","PublicKey":"AAAA" """, "PublicKey is wrong: the enclave attests no key but its own" },
        { $$""" "Operation":"Attest","Nonce":"{{Convert.ToBase64String(new byte[1025])}}" """, "Nonce is wrong: it takes 0 to 1024 bytes in base64" },
        { $$""" "Operation":"Attest","UserData":"{{Convert.ToBase64String(new byte[1025])}}" """, "UserData is wrong: it takes 0 to 1024 bytes in base64" },
        { """ "Operation":"Attest","Nonce":"0" """, "Nonce is wrong" },
        { $$""" "Operation":"GenerateDataKey","KeySpec":"AES_256","KeyId":"{{new string('k', 2049)}}" """, "KeyId is wrong: it takes a string of 1 to 2048 characters" },
        { """ "Operation":"GenerateDataKey","KeyId":"k","KeySpec":"AES_256","GrantTokens":["1","2","3","4","5","6","7","8","9","10","11"] """, "GrantTokens is wrong: it takes an array of at most 10 strings" },
        { """ "Operation":"GenerateDataKeyPair","KeyId":"k","KeyPairSpec":"RSA_2048","EncryptionContext":{"a":1} """, "EncryptionContext is wrong type" },
    };

    [Theory]
    [MemberData(nameof(InvalidCommands))]
    public async Task Command_withInvalidMember_isRefusedWithItsBound(string members, string message)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        AssertError(message, await peer.AskAsync($$"""{{{members}}}"""));

        AssertError("Operation not recognized", await peer.AskAsync("""{"Operation":"Foo"}"""));
    }

    [Fact]
    public async Task Decrypt_withEveryMember_passesThemToKms()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string key = enclave.CreateKey();
        var context = new Dictionary<string, string> { ["Purpose"] = "démo \"q\" +/" };
        string ciphertext = Convert.ToBase64String(enclave.Simulator.Host.Encrypt(key, "secret"u8, context));

        string ask(string contextValue, string keyId) => $$"""
            {"Operation":"Decrypt","Ciphertext":"{{ciphertext}}","EncryptionContext":{"Purpose":{{contextValue}}},"KeyId":"{{keyId}}",
             "EncryptionAlgorithm":"SYMMETRIC_DEFAULT","GrantTokens":["token"],"Unknown":[1,{"a":null}]}
            """;

        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.AskAsync(ask("\"d\\u00e9mo \\\"q\\\" +\\/\"", key)));
        AssertError("Could not decrypt ciphertext: InvalidCiphertextException", await peer.AskAsync(ask("\"other\"", key)));
        AssertError("Could not decrypt ciphertext: IncorrectKeyException", await peer.AskAsync(ask("\"d\\u00e9mo \\\"q\\\" +\\/\"", enclave.CreateKey())));
    }

    [Fact]
    public async Task Ciphertext_atKmssLimit_isTakenAndPastItRefused()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        // KMS's own word for a ciphertext that it did not make: the request went through.
        AssertError("Could not decrypt ciphertext: InvalidCiphertextException", await peer.AskAsync(Decrypt(Convert.ToBase64String(new byte[6144]))));
        AssertError("Could not decrypt ciphertext: Ciphertext has 6145 bytes", await peer.AskAsync(Decrypt(Convert.ToBase64String(new byte[6145]))));
    }

    [Fact]
    public async Task Message_overTheLimit_isRefusedAndTheNextOneAnswered()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        await peer.SendAsync(new string('x', 300_000) + "\0" + """{"Operation":"Foo"}""" + "\0");

        AssertError("Error reading JSON object: the message has more than 65536 bytes", await peer.ReceiveAsync());
        AssertError("Operation not recognized", await peer.ReceiveAsync());
    }

    [Theory]
    [InlineData("{\"Operation\":\"Foo\"} x", "Error reading JSON object")]
    [InlineData("{\"Operation\":\"Foo\",}", "Error reading JSON object")]
    [InlineData("{\"Operation\":\"Foo\",\"Operation\":\"Decrypt\"}", "Error reading JSON object")]
    [InlineData("{\"Operation\":\"Foo\",\"a\":{\"b\":1,\"b\":2}}", "Error reading JSON object")]
    [InlineData("\uFEFF{\"Operation\":\"Foo\"}", "Error reading JSON object")]
    [InlineData("{\"Operation\":\"\\ud800\"}", "Error reading JSON object")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]", "Error reading JSON object")]
    [InlineData("{\"Operation\":\"Foo\"} // comment", "Error reading JSON object")]
    public async Task Message_thatIsNotStrictJson_isRefusedAndTheNextOneAnswered(string message, string error)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();

        AssertError(error, await peer.AskAsync(message));
        AssertError("Operation not recognized", await peer.AskAsync("""{"Operation":"Foo"}"""));
    }

    [Fact]
    public async Task Message_thatIsNotUtf8_isRefused()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();

        await peer.SendAsync(new byte[] { (byte)'"', 0xC3, 0x28, (byte)'"', 0 });

        AssertError("Error reading JSON object", await peer.ReceiveAsync());
    }

    private static string Decrypt(string ciphertext) => $$"""{"Operation":"Decrypt","Ciphertext":"{{ciphertext}}"}""";

    private static void AssertError(string message, string? reply)
    {
        Assert.NotNull(reply);
        using var document = JsonDocument.Parse(reply);
        Assert.Equal("Error", document.RootElement.GetProperty("Status").GetString());
        Assert.StartsWith(message, document.RootElement.GetProperty("Message").GetString(), StringComparison.Ordinal);
    }
}
