using System.Text.Json;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Iam;

namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>
/// What the original answers, as captured from a build of kmstool_enclave (aws-nitro-enclaves-sdk-c 0.4). Its second reply
/// after every successful Decrypt is a defect and not sent. Error texts start with the original's.
/// </summary>
public class OriginalWireTests
{
    private const string Ok = "Ok";
    private const string SetClient = "{SetClient}";
    private const string Decrypt = """{"Operation": "Decrypt", "Ciphertext": "{Good}"}""";
    private const string Plaintext = "Ok:aGVsbG8gZnJvbSBLTVM=";
    private const string NotJson = "Error reading JSON object";
    private const string WrongType = "JSON is wrong type";
    private const string Incomplete = "JSON structure incomplete";
    private const string OperationType = "Operation is wrong type";
    private const string NotRecognized = "Operation not recognized";
    private const string NotInitialized = "Client not initialized";
    private const string NoCredentials = "Could not read credentials";
    private const string NoRegion = "Could not set region correctly, check configuration.";
    private const string NotBase64 = "Ciphertext not a base64 string";
    private const string NoCiphertext = "Message does not contain a Ciphertext";
    private const string NotDecrypted = "Could not decrypt ciphertext";

    /// <summary>Case, then message and expected reply in turn; "Ok:…" is Ok with that Message, others are errors.</summary>
    public static TheoryData<string, string[]> Cases => new()
    {
        { "2.1 SetClient then Decrypt", [SetClient, Ok, Decrypt, Plaintext, Decrypt, Plaintext] },
        { "2.2 garbage, then the connection still works", ["garbage{", NotJson, SetClient, Ok] },
        { "2.3 JSON array", ["[1,2]", WrongType] },
        { "2.4 JSON string, number, null, true", ["\"x\"", WrongType, "5", WrongType, "null", NotJson, "true", WrongType] },
        { "2.5 no Operation", ["{}", Incomplete, """{"operation":"SetClient"}""", Incomplete] },
        {
            "2.6 Operation of a wrong type",
            ["""{"Operation":5}""", OperationType, """{"Operation":null}""", Incomplete, """{"Operation":["Decrypt"]}""", OperationType]
        },
        {
            "2.7 unknown operations",
            ["""{"Operation":"Foo"}""", NotRecognized, """{"Operation":"setclient"}""", NotRecognized, """{"Operation":""}""", NotRecognized, SetClient, Ok]
        },
        { "2.8 Decrypt before SetClient", [Decrypt, NotInitialized] },
        {
            "2.9 SetClient without keys, or of wrong types",
            [
                """{"Operation":"SetClient"}""", NoCredentials,
                """{"Operation": "SetClient", "AwsAccessKeyId": "a"}""", NoCredentials,
                """{"Operation": "SetClient", "AwsAccessKeyId": "AKIDEXAMPLE000000000", "AwsSecretAccessKey": 5, "AwsSessionToken": "token"}""", NoCredentials,
                """{"Operation": "SetClient", "AwsAccessKeyId": "AKIDEXAMPLE000000000", "AwsSecretAccessKey": "secret", "AwsSessionToken": 5}""", NoCredentials,
                """{"Operation": "SetClient", "AwsAccessKeyId": "AKIDEXAMPLE000000000", "AwsSecretAccessKey": "secret", "AwsSessionToken": null}""", Ok,
                """{"Operation": "SetClient", "AwsAccessKeyId": "AKIDEXAMPLE000000000", "AwsSecretAccessKey": "secret"}""", Ok,
            ]
        },
        { "2.10 SetClient without a session token", ["{SetClientAdministrator}", Ok, """{"Operation": "Decrypt", "Ciphertext": "{Open}"}""", Plaintext] },
        {
            "2.18 Decrypt with a bad Ciphertext",
            [
                SetClient, Ok,
                """{"Operation":"Decrypt"}""", NoCiphertext,
                """{"Operation":"Decrypt","Ciphertext":5}""", NotBase64,
                """{"Operation":"Decrypt","Ciphertext":null}""", NoCiphertext,
                """{"Operation":"Decrypt","Ciphertext":"!!!!"}""", NotBase64,
                """{"Operation":"Decrypt","Ciphertext":"abc"}""", NotBase64,
                """{"Operation":"Decrypt","Ciphertext":""}""", NotDecrypted,
                Decrypt, Plaintext,
            ]
        },
        { "2.27 empty messages", ["", NotJson, "", NotJson, "", NotJson, SetClient, Ok] },
        { "2.28 white space", [" \n", NotJson] },
        { "2.33 KMS refuses, then the connection still works", [SetClient, Ok, """{"Operation": "Decrypt", "Ciphertext": "REVOWXh4"}""", NotDecrypted, Decrypt, Plaintext] },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Message_isAnsweredAsByTheOriginal(string name, string[] exchange)
    {
        Assert.NotEmpty(name);
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();
        Func<string, string> fill = Placeholders(enclave);

        for (int i = 0; i < exchange.Length; i += 2)
        {
            AssertReply(exchange[i + 1], await peer.AskAsync(fill(exchange[i])));
        }

        await AssertNothingMoreAsync(peer);
    }

    /// <summary>The same, with every message in one write: pipelined, several a segment.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Messages_inOneWrite_areAnsweredInOrder(string name, string[] exchange)
    {
        Assert.NotEmpty(name);
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();
        Func<string, string> fill = Placeholders(enclave);

        await peer.SendAsync(string.Concat(exchange.Where((_, i) => i % 2 == 0).Select(message => fill(message) + "\0")));

        for (int i = 1; i < exchange.Length; i += 2)
        {
            AssertReply(exchange[i], await peer.ReceiveAsync());
        }

        await AssertNothingMoreAsync(peer);
    }

    [Fact]
    public async Task Message_inManyWrites_isAnsweredOnce()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();

        foreach (char c in """{"Operation":"Foo"}""" + "\0")
        {
            await peer.SendAsync(c.ToString());
        }

        AssertReply(NotRecognized, await peer.ReceiveAsync());
        await AssertNothingMoreAsync(peer);
    }

    /// <summary>Case 2.15.</summary>
    [Fact]
    public async Task SetClient_withRegionWhileTheEnclaveIsPinned_isRefused()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with { Kms = options.Kms with { Region = "us-east-1" } });
        await using EnclavePeer peer = await enclave.ConnectAsync();
        Func<string, string> fill = Placeholders(enclave);

        AssertReply(NoRegion, await peer.AskAsync(
            """{"Operation": "SetClient", "AwsAccessKeyId": "AKIDEXAMPLE000000000", "AwsSecretAccessKey": "secret", "AwsSessionToken": "token", "AwsRegion": "eu-west-1"}"""));
        AssertReply(NotInitialized, await peer.AskAsync(fill(Decrypt)));
        AssertReply(Ok, await peer.AskAsync(fill(SetClient)));
        AssertReply(Plaintext, await peer.AskAsync(fill(Decrypt)));
    }

    /// <summary>Case 2.31.</summary>
    [Fact]
    public async Task Message_thatIsNeverFinished_isNotAnswered()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();

        await peer.SendAsync("""{"Operation""");

        await AssertNothingMoreAsync(peer);
    }

    /// <summary>Case 2.35.</summary>
    [Fact]
    public async Task SetClient_withoutARouteToKms_isRefusedAtOnce()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Kms = options.Kms with { Proxy = new StreamAddress.Unix(options.Kms.CaBundle + ".nobody") } });
        await using EnclavePeer peer = await enclave.ConnectAsync();
        Func<string, string> fill = Placeholders(enclave);

        AssertReply("Could not create new client", await peer.AskAsync(fill(SetClient)));
        AssertReply(NotInitialized, await peer.AskAsync(fill(Decrypt)));
    }

    private static Func<string, string> Placeholders(TestEnclave enclave)
    {
        string good = enclave.Encrypt("hello from KMS"u8);
        AwsCredential administrator = enclave.Simulator.Host.Administrator;
        string open = Convert.ToBase64String(enclave.Simulator.Host.Encrypt(enclave.Simulator.Host.CreateKey(), "hello from KMS"u8));
        return text => text
            .Replace("{Good}", good, StringComparison.Ordinal)
            .Replace("{Open}", open, StringComparison.Ordinal)
            .Replace(SetClient, enclave.SetClient(), StringComparison.Ordinal)
            .Replace("{SetClientAdministrator}",
                $$"""{"Operation": "SetClient", "AwsAccessKeyId": "{{administrator.AccessKeyId}}", "AwsSecretAccessKey": "{{administrator.SecretAccessKey}}"}""",
                StringComparison.Ordinal);
    }

    private static void AssertReply(string expected, string? reply)
    {
        Assert.NotNull(reply);
        using var document = JsonDocument.Parse(reply);
        string status = document.RootElement.GetProperty("Status").GetString()!;
        string? message = document.RootElement.TryGetProperty("Message", out JsonElement element) ? element.GetString() : null;
        if (expected is Ok)
        {
            Assert.Equal(Ok, status);
            Assert.Null(message);
        }
        else if (expected.StartsWith("Ok:", StringComparison.Ordinal))
        {
            Assert.Equal(expected, $"{status}:{message}");
        }
        else
        {
            Assert.Equal("Error", status);
            Assert.StartsWith(expected, message, StringComparison.Ordinal);
        }
    }

    private static async Task AssertNothingMoreAsync(EnclavePeer peer)
    {
        peer.CloseSending();
        Assert.Null(await peer.ReceiveAsync());
    }
}
