using System.Text.Json;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Iam;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>What goes wrong beyond the enclave becomes an error reply, and the connection stays usable.</summary>
public class KmsFaultTests
{
    [Theory]
    [InlineData(nameof(SimulatorFault.KmsMissingCiphertextForRecipient), "InvalidKmsAnswer", "lacks CiphertextForRecipient")]
    [InlineData(nameof(SimulatorFault.KmsPlaintextBeside), "InvalidKmsAnswer", "has a Plaintext in addition")]
    [InlineData(nameof(SimulatorFault.KmsMalformedEnvelope), "InvalidKmsAnswer", "cannot be opened")]
    [InlineData(nameof(SimulatorFault.KmsTruncatedEnvelope), "InvalidKmsAnswer", "cannot be opened")]
    [InlineData(nameof(SimulatorFault.KmsForeignEnvelope), "InvalidKmsAnswer", "cannot be opened")]
    [InlineData(nameof(SimulatorFault.KmsEmptyAnswer), "InvalidKmsAnswer", "not JSON")]
    [InlineData(nameof(SimulatorFault.KmsNotJson), "InvalidKmsAnswer", "not JSON")]
    [InlineData(nameof(SimulatorFault.Kms500), "KMSInternalException", "on order")]
    [InlineData(nameof(SimulatorFault.KmsCloseMidAnswer), "KmsUnreachable", "ended before a whole answer")]
    [InlineData(nameof(SimulatorFault.NsmRefuse), "AttestationUnavailable", "InternalError")]
    [InlineData(nameof(SimulatorFault.NsmGarbage), "AttestationUnavailable", "cannot be used")]
    public async Task Decrypt_withFault_isAnsweredWithTheReasonAndTheConnectionGoesOn(string fault, string code, string reason)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(FreshDocuments);
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string decrypt = Decrypt(enclave.Encrypt("secret"u8));

        enclave.Simulator.Host.Faults[Enum.Parse<SimulatorFault>(fault)] = true;
        AssertError(code, reason, await peer.AskAsync(decrypt));

        enclave.Simulator.Host.Faults.Clear();
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.AskAsync(decrypt));
    }

    [Theory]
    [InlineData(nameof(SimulatorFault.KmsPrimitiveEnvelope), "c2VjcmV0")]
    [InlineData(nameof(SimulatorFault.KmsChunkedEnvelope), "c2VjcmV0")]
    [InlineData(nameof(SimulatorFault.KmsThrottleOnce), "c2VjcmV0")]
    [InlineData(nameof(SimulatorFault.KmsEmptyPlaintext), "")]
    public async Task Decrypt_withWhatKmsMayDo_succeeds(string behaviour, string plaintext)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        enclave.Simulator.Host.Faults[Enum.Parse<SimulatorFault>(behaviour)] = true;

        Assert.Equal($$"""{"Status":"Ok","Message":"{{plaintext}}"}""", await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
    }

    [Theory]
    [InlineData(nameof(SimulatorFault.TlsWrongName), "RemoteCertificateNameMismatch")]
    [InlineData(nameof(SimulatorFault.TlsExpired), "NotTimeValid")]
    [InlineData(nameof(SimulatorFault.TlsUntrusted), "PartialChain")]
    public async Task SetClient_whenTlsProvesAnother_isRefused(string fault, string reason)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();

        enclave.Simulator.Host.Faults[Enum.Parse<SimulatorFault>(fault)] = true;

        AssertError("KmsTlsFailed", reason, await peer.AskAsync(enclave.SetClient()), "Could not create new client");
    }

    [Fact]
    public async Task SetClient_withAnotherRegionsEndpoint_isRefusedForItsName()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with { Kms = options.Kms with { Region = "eu-central-1" } });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        AssertError("KmsTlsFailed", "RemoteCertificateNameMismatch", await peer.AskAsync(enclave.SetClient()), "Could not create new client");
    }

    /// <summary>The instance chooses the region: TLS must prove that region's host, whatever the proxy leads to.</summary>
    [Fact]
    public async Task SetClient_withTheInstancesRegion_asksForThatRegionsHost()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();
        string inRegion(string region) => enclave.SetClient()[..^1] + $",\"AwsRegion\":\"{region}\"}}";

        Assert.Equal("""{"Status":"Ok"}""", await peer.AskAsync(inRegion("us-east-1")));
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
        AssertError("KmsTlsFailed", "RemoteCertificateNameMismatch", await peer.AskAsync(inRegion("eu-west-1")), "Could not create new client");
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("kms.example.com", false)]
    public async Task Endpoint_thatIsConfigured_isTheHostThatTlsMustProveAndTheOneThatIsSigned(string host, bool proved)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Kms = options.Kms with { Endpoints = new KmsEndpoints((host, ((StreamAddress.Tcp)options.Kms.Proxy).Port), Fips: false) } });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        string? reply = await peer.AskAsync(enclave.SetClient());

        if (!proved)
        {
            AssertError("KmsTlsFailed", "RemoteCertificateNameMismatch", reply, "Could not create new client");
            return;
        }

        Assert.Equal("""{"Status":"Ok"}""", reply);
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
    }

    [Theory]
    [InlineData(null, true, "kms-fips.us-east-1.amazonaws.com", true)]
    [InlineData(null, false, "kms.us-east-1.amazonaws.com", true)]
    [InlineData(null, true, "kms.us-east-1.amazonaws.com", false)]
    [InlineData("vpce-0a1b2c-3d4e.kms.us-east-1.vpce.amazonaws.com", false, "vpce-0a1b2c-3d4e.kms.us-east-1.vpce.amazonaws.com", true)]
    [InlineData("vpce-0a1b2c-3d4e.kms.us-east-1.vpce.amazonaws.com", false, "kms.us-east-1.amazonaws.com", false)]
    public async Task Endpoint_isProvedByItsOwnNameAlone(string? pinned, bool fips, string certified, bool proved)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            (options, _) => options with { Kms = options.Kms with { Endpoints = new KmsEndpoints(pinned is null ? null : (pinned, 443), fips) } },
            simulate: options => options with { TlsNames = [certified], HasDefaultTlsNames = false });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        string? reply = await peer.AskAsync(enclave.SetClient());

        if (proved)
        {
            Assert.Equal("""{"Status":"Ok"}""", reply);
        }
        else
        {
            AssertError("KmsTlsFailed", "RemoteCertificateNameMismatch", reply, "Could not create new client");
        }
    }

    [Fact]
    public async Task SetClient_withOtherTrustAnchors_isRefused()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Kms = options.Kms with { CaBundle = Path.Combine(Path.GetDirectoryName(options.Kms.CaBundle)!, "nsm-root.pem") } });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        AssertError("KmsTlsFailed", "PartialChain", await peer.AskAsync(enclave.SetClient()), "Could not create new client");
    }

    [Fact]
    public async Task SetClient_whenTheProxyClosesAtOnce_isRefused()
    {
        await using var listener = StreamListener.Bind(StreamAddress.Parse("tcp:127.0.0.1:0"));
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with { Kms = options.Kms with { Proxy = listener.LocalAddress } });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        Task<string?> reply = peer.AskAsync(enclave.SetClient());
        using (await listener.AcceptAsync(CancellationToken.None))
        {
        }

        AssertError("KmsTlsFailed", "handshake", await reply, "Could not create new client");
    }

    [Fact]
    public async Task SetClient_whenTheProxyIsSilent_isRefusedInTime()
    {
        await using var listener = StreamListener.Bind(StreamAddress.Parse("tcp:127.0.0.1:0"));
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with
        {
            Kms = options.Kms with { Proxy = listener.LocalAddress },
            Limits = options.Limits with { RequestTimeout = TimeSpan.FromMilliseconds(200) },
        });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        AssertError("KmsTimeout", "no answer within", await peer.AskAsync(enclave.SetClient()), "Could not create new client");
    }

    [Fact]
    public async Task Decrypt_whenKmsIsSilent_isAnsweredInTime()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Limits = options.Limits with { RequestTimeout = TimeSpan.FromSeconds(2) } });
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        enclave.Simulator.Host.Faults[SimulatorFault.KmsSlow] = true;

        AssertError("KmsTimeout", "no answer within", await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
    }

    [Fact]
    public async Task Decrypt_whenNsmIsSilent_isAnsweredInTime()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Limits = options.Limits with { RequestTimeout = TimeSpan.FromSeconds(2) } });
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        enclave.Simulator.Host.Faults[SimulatorFault.NsmHang] = true;

        AssertError("KmsTimeout", "no answer within", await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
    }

    [Fact]
    public async Task Decrypt_underAPolicyForAnotherImage_isDeniedByKms()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string ciphertext = enclave.Encrypt("secret"u8);

        enclave.Simulator.Host.Pcrs.Set(0, new byte[48]);

        AssertError("AccessDeniedException", "kms:Decrypt", await peer.AskAsync(Decrypt(ciphertext)));
    }

    [Fact]
    public async Task Decrypt_withExpiredCredentials_saysSo()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string ciphertext = enclave.Encrypt("secret"u8);

        enclave.Simulator.Host.Clock.Offset = TimeSpan.FromHours(7);

        AssertError("ExpiredTokenException", "", await peer.AskAsync(Decrypt(ciphertext)));
    }

    [Fact]
    public async Task Decrypt_withUnknownCredentials_saysSo()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();
        await peer.AskAsync("""{"Operation":"SetClient","AwsAccessKeyId":"AKIDEXAMPLE000000000","AwsSecretAccessKey":"secret"}""");

        AssertError("UnrecognizedClientException", "", await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
    }

    /// <summary>AWS quotes the request's headers when it does not like the signature, the session token among them.</summary>
    [Fact]
    public async Task Decrypt_withAWrongSecret_doesNotPassOnWhatKmsQuotes()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();
        AwsCredential credential = enclave.Simulator.Host.Role!.CurrentCredential();
        await peer.AskAsync($$"""{"Operation":"SetClient","AwsAccessKeyId":"{{credential.AccessKeyId}}","AwsSecretAccessKey":"wrong","AwsSessionToken":"{{credential.SessionToken}}"}""");

        string? reply = await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8)));

        AssertError("InvalidSignatureException", "does not match", reply);
        Assert.DoesNotContain(credential.SessionToken!, reply, StringComparison.Ordinal);
        Assert.DoesNotContain("Canonical", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_afterKmsCameBack_workAgain()
    {
        using var directory = new TempDirectory();
        var late = new StreamAddress.Unix(directory["kms.sock"]);
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with { Kms = options.Kms with { Proxy = late } });
        await using EnclavePeer peer = await enclave.ConnectAsync();
        AssertError("KmsUnreachable", "vsock-proxy", await peer.AskAsync(enclave.SetClient()), "Could not create new client");

        await using (var proxy = new TestRelay(late, new StreamAddress.Tcp("127.0.0.1", (ushort)enclave.Simulator.Host.KmsEndpoint.Port)))
        {
            Assert.Equal("""{"Status":"Ok"}""", await peer.AskAsync(enclave.SetClient()));
            Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
        }

        AssertError("KmsUnreachable", "", await peer.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
    }

    private static ServeSettings FreshDocuments(ServeSettings options) =>
        options with { Kms = options.Kms with { Recipient = new RecipientSettings(TimeSpan.Zero, TimeSpan.FromHours(1)) } };

    private static string Decrypt(string ciphertext) => $$"""{"Operation":"Decrypt","Ciphertext":"{{ciphertext}}"}""";

    private static void AssertError(string code, string reason, string? reply, string start = "Could not decrypt ciphertext")
    {
        Assert.NotNull(reply);
        using var document = JsonDocument.Parse(reply);
        Assert.Equal("Error", document.RootElement.GetProperty("Status").GetString());
        Assert.Equal(code, document.RootElement.GetProperty("Code").GetString());
        string message = document.RootElement.GetProperty("Message").GetString()!;
        Assert.StartsWith($"{start}: {code}: ", message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }
}
