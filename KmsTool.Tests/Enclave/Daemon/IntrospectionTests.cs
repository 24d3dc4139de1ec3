using System.Text.Json;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Attestation;
using KmsTool.Simulator.Faults;

namespace KmsTool.Tests.Enclave.Daemon;

public class IntrospectionTests
{
    private const string Key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    [Fact]
    public async Task Describe_tellsMeasurementsPinsLimitsAndCounters()
    {
        Assert.True(KmsKeyArn.TryParse(Key, out KmsKeyArn? key));
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with
        {
            Kms = options.Kms with
            {
                Region = "us-east-1",
                Endpoints = new KmsEndpoints(("kms.us-east-1.amazonaws.com", 443), Fips: false),
                Pins = new KmsPins { AllowedKeys = [key], RequiredContext = [new RequiredContext("App", "vault")] },
                Startup = options.Kms.Startup with { RefuseClockSkew = true },
            },
            Disclosure = SecretDisclosure.Sha256,
            Limits = options.Limits with { MaxPending = 7 },
        });
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        await peer.AskAsync("""{"Operation":"Decrypt","Ciphertext":"AAAA"}""");
        await peer.AskAsync("""{"Operation":"Nothing"}""");

        JsonElement reply = await AskAsync(peer, """{"Operation":"Describe"}""");

        Assert.Equal("Ok", reply.GetProperty("Status").GetString());
        Assert.Matches("^[0-9]+\\.[0-9]+\\.[0-9]+", reply.GetProperty("Version").GetString());
        Assert.InRange(reply.GetProperty("UptimeSeconds").GetInt64(), 0, 3600);
        Assert.Contains("-enc", reply.GetProperty("ModuleId").GetString(), StringComparison.Ordinal);
        Assert.False(reply.GetProperty("DebugMode").GetBoolean());
        Assert.Equal(Convert.ToHexStringLower(enclave.Simulator.Host.Pcrs.Read(0).Value), reply.GetProperty("Pcrs").GetProperty("0").GetString());
        AssertJson(
            $$"""{"Region":"us-east-1","KmsEndpoint":"kms.us-east-1.amazonaws.com","Fips":false,"RefuseDebugMode":false,"RefuseClockSkew":true,"RefuseOtherRandomSource":false,"CaBundle":"{{enclave.Options.Kms.CaBundle}}","AllowKey":["{{Key}}"],"RequireEncryptionContext":["App=vault"],"Reply":"sha256"}""",
            reply.GetProperty("Pins"));
        Assert.Equal(7, reply.GetProperty("Limits").GetProperty("MaxPending").GetInt32());
        JsonElement counters = reply.GetProperty("Counters");
        Assert.Equal(1, counters.GetProperty("ConnectionsOpen").GetInt32());
        JsonElement operations = counters.GetProperty("Operations");
        AssertJson("""{"Succeeded":1,"Failed":0}""", operations.GetProperty("SetClient"));
        AssertJson("""{"Succeeded":0,"Failed":1}""", operations.GetProperty("Decrypt"));
        AssertJson("""{"Succeeded":0,"Failed":1}""", operations.GetProperty("Invalid"));
    }

    [Fact]
    public async Task Describe_inDebugMode_saysSo()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();
        enclave.Simulator.Host.Pcrs.Set(0, new byte[48]);

        Assert.True((await AskAsync(peer, """{"Operation":"Describe"}""")).GetProperty("DebugMode").GetBoolean());
    }

    [Fact]
    public async Task Attest_givesADocumentOverTheCallersDataAndNoKey()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();

        JsonElement reply = await AskAsync(peer, """{"Operation":"Attest","Nonce":"bm9uY2U=","UserData":"dXNlciBkYXRh"}""");

        var verifier = new AttestationVerifier(AttestationRoot.FromCertificate(enclave.Simulator.Host.NsmRoot));
        AttestationVerdict verdict = verifier.Verify(reply.GetProperty("Document").GetBytesFromBase64(), TimeProvider.System.GetUtcNow());
        Assert.True(verdict.IsValid, verdict.Reason);
        Assert.Equal("nonce"u8, verdict.Document!.Nonce!.Value.Span);
        Assert.Equal("user data"u8, verdict.Document.UserData!.Value.Span);
        Assert.Null(verdict.Document.PublicKey);
    }

    [Fact]
    public async Task Attest_whenTheNsmRefuses_saysSo()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();
        enclave.Simulator.Host.Faults[SimulatorFault.NsmRefuse] = true;

        JsonElement reply = await AskAsync(peer, """{"Operation":"Attest"}""");

        Assert.Equal("AttestationUnavailable", reply.GetProperty("Code").GetString());
        Assert.StartsWith("Could not attest: ", reply.GetProperty("Message").GetString(), StringComparison.Ordinal);
    }

    private static async Task<JsonElement> AskAsync(EnclavePeer peer, string message) => JsonElement.Parse((await peer.AskAsync(message))!);

    private static void AssertJson(string expected, JsonElement actual) =>
        Assert.True(JsonElement.DeepEquals(JsonElement.Parse(expected), actual), actual.ToString());
}
