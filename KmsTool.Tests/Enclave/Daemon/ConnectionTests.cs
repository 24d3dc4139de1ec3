using System.Net.Sockets;
using System.Text.Json;
using KmsTool.Protocol.Sockets;
using KmsTool.Simulator.Faults;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>What one peer can do to itself, and cannot do to others.</summary>
public class ConnectionTests
{
    [Fact]
    public async Task MaxPending_ofOne_answersOneAfterTheOther()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Limits = options.Limits with { MaxPending = 1 } });
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string decrypt = Decrypt(enclave.Encrypt("secret"u8)) + "\0";

        await peer.SendAsync(decrypt + enclave.SetClient() + "\0" + decrypt);

        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.ReceiveAsync());
        Assert.Equal("""{"Status":"Ok"}""", await peer.ReceiveAsync());
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.ReceiveAsync());
    }

    [Fact]
    public async Task SetClient_again_replacesTheCredentials()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string decrypt = Decrypt(enclave.Encrypt("secret"u8));

        Assert.Equal("""{"Status":"Ok"}""", await peer.AskAsync(
            """{"Operation":"SetClient","AwsAccessKeyId":"AKIDEXAMPLE000000000","AwsSecretAccessKey":"secret"}"""));
        AssertError("Could not decrypt ciphertext: UnrecognizedClientException", await peer.AskAsync(decrypt));

        Assert.Equal("""{"Status":"Ok"}""", await peer.AskAsync(enclave.SetClient()));
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.AskAsync(decrypt));
    }

    [Fact]
    public async Task SetClient_inTheMiddleOfAPipeline_countsForWhatFollowsOnly()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string decrypt = Decrypt(enclave.Encrypt("secret"u8)) + "\0";
        string bad = """{"Operation":"SetClient","AwsAccessKeyId":"AKIDEXAMPLE000000000","AwsSecretAccessKey":"secret"}""" + "\0";

        await peer.SendAsync(decrypt + decrypt + bad + decrypt + enclave.SetClient() + "\0" + decrypt);

        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.ReceiveAsync());
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.ReceiveAsync());
        Assert.Equal("""{"Status":"Ok"}""", await peer.ReceiveAsync());
        AssertError("Could not decrypt ciphertext: UnrecognizedClientException", await peer.ReceiveAsync());
        Assert.Equal("""{"Status":"Ok"}""", await peer.ReceiveAsync());
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.ReceiveAsync());
    }

    [Fact]
    public async Task Credentials_ofOneConnection_areNotThoseOfAnother()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer first = await enclave.ConnectWithClientAsync();
        await using EnclavePeer second = await enclave.ConnectAsync();

        AssertError("Client not initialized", await second.AskAsync(Decrypt(enclave.Encrypt("secret"u8))));
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("us-east-1.evil.example/")]
    [InlineData("US-EAST-1")]
    [InlineData("zz-nowhere-1")]
    public async Task SetClient_withARegionThatIsNone_isRefused(string region)
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();

        AssertError("Could not set region correctly, check configuration.", await peer.AskAsync(
            $$"""{"Operation":"SetClient","AwsAccessKeyId":"AKIDEXAMPLE000000000","AwsSecretAccessKey":"secret","AwsRegion":"{{region}}"}"""));
    }

    [Fact]
    public async Task Replies_afterHalfClose_arriveAll()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();
        string decrypt = Decrypt(enclave.Encrypt("secret"u8)) + "\0";

        await peer.SendAsync(enclave.SetClient() + "\0" + string.Concat(Enumerable.Repeat(decrypt, 40)));
        peer.CloseSending();

        Assert.Equal("""{"Status":"Ok"}""", await peer.ReceiveAsync());
        for (int i = 0; i < 40; i++)
        {
            Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await peer.ReceiveAsync());
        }

        Assert.Null(await peer.ReceiveAsync());
    }

    [Fact]
    public async Task Peer_thatIsSilentWithinAMessage_isDropped()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Limits = options.Limits with { IdleTimeout = TimeSpan.FromMilliseconds(300) } });
        await using EnclavePeer peer = await enclave.ConnectAsync();

        await peer.SendAsync("""{"Operation""");

        Assert.Null(await peer.ReceiveAsync());
    }

    [Fact]
    public async Task Decrypts_ofOnePeer_runAtOnceAndAreAnsweredInOrder()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();
        string key = enclave.CreateKey();
        string[] plaintexts = [.. Enumerable.Range(0, 200).Select(i => $"number {i}")];

        await peer.SendAsync(string.Concat(plaintexts.Select(text =>
            Decrypt(Convert.ToBase64String(enclave.Simulator.Host.Encrypt(key, System.Text.Encoding.UTF8.GetBytes(text)))) + "\0")));

        foreach (string text in plaintexts)
        {
            string expected = Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(text));
            Assert.Equal($$"""{"Status":"Ok","Message":"{{expected}}"}""", await peer.ReceiveAsync());
        }
    }

    [Fact]
    public async Task OnePeersSlowRequest_doesNotDelayAnother()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer slow = await enclave.ConnectWithClientAsync();
        await using EnclavePeer quick = await enclave.ConnectWithClientAsync();
        string decrypt = Decrypt(enclave.Encrypt("secret"u8));
        enclave.Simulator.Host.Faults[SimulatorFault.KmsSlow] = true;
        Task<string?> waiting = slow.AskAsync(decrypt);

        AssertError("Operation not recognized", await quick.AskAsync("""{"Operation":"Foo"}"""));

        Assert.False(waiting.IsCompleted);
        slow.Socket.Close();
        await Assert.ThrowsAnyAsync<Exception>(() => waiting);
        enclave.Simulator.Host.Faults.Clear();
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await quick.AskAsync(decrypt));
    }

    [Fact]
    public async Task Connections_overTheLimit_areClosedAndOnesThatEndMakeRoom()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync(
            options => options with { Limits = options.Limits with { MaxConnections = 2 } });
        await using EnclavePeer first = await enclave.ConnectAsync();
        await using EnclavePeer second = await enclave.ConnectAsync();
        AssertError("Operation not recognized", await first.AskAsync("""{"Operation":"Foo"}"""));
        AssertError("Operation not recognized", await second.AskAsync("""{"Operation":"Foo"}"""));

        await using (EnclavePeer third = await enclave.ConnectAsync())
        {
            Assert.Null(await third.ReceiveAsync());
        }

        first.CloseSending();
        Assert.Null(await first.ReceiveAsync());
        await AnsweredEventuallyAsync(enclave);
    }

    [Fact]
    public async Task ThousandsOfConnections_openedAndDropped_leaveTheDaemonWell()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer before = await enclave.ConnectWithClientAsync();
        string decrypt = Decrypt(enclave.Encrypt("secret"u8));

        for (int round = 0; round < 20; round++)
        {
            EnclavePeer[] peers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => enclave.ConnectAsync()));
            foreach ((int i, EnclavePeer peer) in peers.Index())
            {
                if (i % 2 == 0)
                {
                    await peer.SendAsync(i % 4 == 0 ? """{"Operation""" : decrypt + "\0" + decrypt);
                }

                if (i % 3 == 0)
                {
                    peer.Socket.LingerState = new LingerOption(true, 0);
                }

                await peer.DisposeAsync();
            }
        }

        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await before.AskAsync(decrypt));
        await using EnclavePeer after = await enclave.ConnectWithClientAsync();
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await after.AskAsync(decrypt));
    }

    [Fact]
    public async Task Stop_letsCommandsUnderWayFinishAndClosesTheRest()
    {
        using var directory = new TempDirectory();
        var proxy = new StreamAddress.Unix(directory["kms.sock"]);
        await using TestEnclave enclave = await TestEnclave.StartAsync(options => options with { Kms = options.Kms with { Proxy = proxy } });
        await using var relay = new TestRelay(proxy, new StreamAddress.Tcp("127.0.0.1", (ushort)enclave.Simulator.Host.KmsEndpoint.Port));
        await using EnclavePeer idle = await enclave.ConnectWithClientAsync();
        await using EnclavePeer busy = await enclave.ConnectWithClientAsync();
        enclave.Simulator.Host.Faults.SlowDelay = TimeSpan.FromSeconds(1);
        enclave.Simulator.Host.Faults[SimulatorFault.KmsSlow] = true;
        Task requested = relay.UpstreamGrowsAsync();
        await busy.SendAsync(Decrypt(enclave.Encrypt("secret"u8)) + "\0");
        await requested;

        await enclave.StopAsync();

        Assert.Null(await idle.ReceiveAsync());
        Assert.Equal("""{"Status":"Ok","Message":"c2VjcmV0"}""", await busy.ReceiveAsync());
        await Assert.ThrowsAnyAsync<SocketException>(enclave.ConnectAsync);
    }

    private static async Task AnsweredEventuallyAsync(TestEnclave enclave)
    {
        // The place is given back a moment after the peer sees the end of its stream.
        using var timer = new CancellationTokenSource(EnclavePeer.Patience);
        while (true)
        {
            await using EnclavePeer peer = await enclave.ConnectAsync();
            try
            {
                if (await peer.AskAsync("""{"Operation":"Foo"}""") is not null)
                {
                    return;
                }
            }
            catch (IOException)
            {
                timer.Token.ThrowIfCancellationRequested();
            }
        }
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
