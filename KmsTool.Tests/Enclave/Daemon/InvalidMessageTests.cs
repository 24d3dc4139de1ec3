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
        using JsonDocument document = JsonDocument.Parse(reply);
        Assert.Equal("Error", document.RootElement.GetProperty("Status").GetString());
        Assert.StartsWith(message, document.RootElement.GetProperty("Message").GetString(), StringComparison.Ordinal);
    }
}
