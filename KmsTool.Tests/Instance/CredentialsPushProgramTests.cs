using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using KmsTool.Enclave.Credentials;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance;

/// <summary>credentials push as a program.</summary>
public sealed class CredentialsPushProgramTests : IDisposable
{
    private const string NotTaken = """{"Status":"Error","Message":"Could not take credentials","Code":"CredentialsNotTaken"}""";

    private static readonly Dictionary<string, string> Credentials = new()
    {
        ["AWS_ACCESS_KEY_ID"] = "AKIDPUSHED",
        ["AWS_SECRET_ACCESS_KEY"] = "SECRETSECRET",
        ["AWS_SESSION_TOKEN"] = "TOKENTOKEN",
    };

    private readonly TempDirectory _directory = new();

    private StreamAddress Address => new StreamAddress.Unix(_directory["e.sock"]);

    [Fact]
    public async Task Push_sendsTheCredentialsAndNothingElse()
    {
        await using var enclave = new RepeatedEnclave(Address);

        ProgramResult result = await RunAsync(Credentials);

        JsonElement pushed = await enclave.ReceiveAsync();
        Assert.Equal(
            """{"Operation":"PushCredentials","AwsAccessKeyId":"AKIDPUSHED","AwsSecretAccessKey":"SECRETSECRET","AwsSessionToken":"TOKENTOKEN"}""", pushed.GetRawText());
        Assert.Equal((0, ""), (result.ExitCode, result.Output));
        AssertNoSecret(result);
    }

    [Fact]
    public async Task Push_ofTemporaryOnes_saysWhenTheyExpire()
    {
        await using LoopbackHttp metadata = await FakeInstanceMetadata.StartAsync();
        await using var enclave = new RepeatedEnclave(Address);

        ProgramResult result = await RunAsync(CredentialRuns.Use(metadata.Url));

        JsonElement pushed = await enclave.ReceiveAsync();
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(FakeInstanceMetadata.AccessKeyId, pushed.GetProperty("AwsAccessKeyId").GetString());
        Assert.Equal(new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), pushed.GetProperty("Expiration").GetDateTimeOffset());
        Assert.DoesNotContain(FakeInstanceMetadata.SecretAccessKey, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeInstanceMetadata.SessionToken, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_toARealEnclave_isWhatItsProxyUses()
    {
        using var store = new CredentialStore(TimeProvider.System);
        await using TestEnclave enclave = await TestEnclave.StartAsync((options, _) => options, credentials: store);

        ProgramResult result = await RunAsync(Credentials, enclave.Address);

        Assert.Equal((0, ""), (result.ExitCode, result.Output));
        Assert.Equal("AKIDPUSHED", (await store.RentAsync(TimeSpan.Zero, CancellationToken.None))!.Value.AccessKeyId);
    }

    [Fact]
    public async Task Push_toAnEnclaveThatTakesNone_exitsWith1AndSaysWhy()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();

        ProgramResult result = await RunAsync(Credentials, enclave.Address);

        Assert.Equal((1, ""), (result.ExitCode, result.Output));
        string error = result.Error.TrimEnd('\n').Split('\n')[^1];
        Assert.Contains("CredentialsNotTaken", error, StringComparison.Ordinal);
        Assert.Contains("--credentials push", error, StringComparison.Ordinal);
        AssertNoSecret(result);
    }

    [Fact]
    public async Task Push_withoutAnEnclave_exitsWith4()
    {
        ProgramResult result = await RunAsync(Credentials);

        Assert.Equal((4, ""), (result.ExitCode, result.Output));
        Assert.Contains("Could not connect to the enclave", result.Error, StringComparison.Ordinal);
        AssertNoSecret(result);
    }

    [Fact]
    public async Task Push_withoutCredentials_exitsWith3AndConnectsToNobody()
    {
        ProgramResult result = await RunAsync([]);

        CredentialRuns.AssertNoCredentials(result, "AWS_EC2_METADATA_DISABLED");
    }

    [Fact]
    public async Task Push_toAPeerThatIsNoEnclave_exitsWith5()
    {
        await using var enclave = new RepeatedEnclave(Address, "HTTP/1.1 400 Bad Request");

        Assert.Equal(5, (await RunAsync(Credentials)).ExitCode);
    }

    [Theory]
    [InlineData("--interval", "30")]
    [InlineData("--watch", "--interval", "0")]
    [InlineData("--watch", "--external-id", "x")]
    [InlineData("surplus")]
    public async Task Push_withWrongUsage_exitsWith2(params string[] options)
    {
        ProgramResult result = await RunAsync(Credentials, options: options);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains("See 'kmstool-instance credentials push --help'", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_sendsThemAgainAndAgainUntilItIsTerminated()
    {
        await using var enclave = new RepeatedEnclave(Address);
        await using RunningProgram program = Watch();

        Assert.Equal($"ready {Address}", await program.WaitForOutputAsync("ready"));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal("AKIDPUSHED", (await enclave.ReceiveAsync()).GetProperty("AwsAccessKeyId").GetString());
        }

        program.Terminate();
        ProgramResult result = await program.WaitForExitAsync();
        Assert.Equal((0, $"ready {Address}\n"), (result.ExitCode, result.Output));
        // Told once, not each time.
        Assert.Single(result.Error.Split('\n'), line => line.Contains("info: ", StringComparison.Ordinal));
        AssertNoSecret(result);
    }

    [Fact]
    public async Task Watch_waitsForAnEnclaveThatIsNotThere_andForOneThatComesBack()
    {
        await using RunningProgram program = Watch();
        await program.WaitForErrorAsync("Could not connect to the enclave");

        await using (var first = new RepeatedEnclave(Address))
        {
            await first.ReceiveAsync();
            await program.WaitForOutputAsync("ready");
        }

        await using var second = new RepeatedEnclave(Address);
        await second.ReceiveAsync();

        program.Interrupt();
        ProgramResult result = await program.WaitForExitAsync();
        Assert.Equal((0, $"ready {Address}\n"), (result.ExitCode, result.Output));
        AssertNoSecret(result);
    }

    [Fact]
    public async Task Watch_goesOnAfterARefusal_andTellsItOnce()
    {
        await using var enclave = new RepeatedEnclave(Address, NotTaken, NotTaken);
        await using RunningProgram program = Watch();

        await program.WaitForOutputAsync("ready");
        program.Terminate();

        ProgramResult result = await program.WaitForExitAsync();
        Assert.Equal(0, result.ExitCode);
        Assert.Single(result.Error.Split('\n'), line => line.Contains("CredentialsNotTaken", StringComparison.Ordinal));
        AssertNoSecret(result);
    }

    [Fact]
    public async Task Watch_tellsTheServiceManager()
    {
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(_directory["notify"]));
        await using var enclave = new RepeatedEnclave(Address);
        await using RunningProgram program = Watch(new() { ["NOTIFY_SOCKET"] = _directory["notify"] });
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        byte[] datagram = new byte[200];
        Assert.Equal(
            $"READY=1\nSTATUS=credentials sent to {Address}", Encoding.UTF8.GetString(datagram, 0, await manager.ReceiveAsync(datagram, patience.Token)));
        program.Terminate();
        Assert.Equal("STOPPING=1", Encoding.UTF8.GetString(datagram, 0, await manager.ReceiveAsync(datagram, patience.Token)));
        Assert.Equal(0, (await program.WaitForExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Watch_withoutCredentials_triesAgainAndEndsWith0()
    {
        await using RunningProgram program = ProgramRunner.Start("kmstool-instance", Arguments(Address, "--watch", "--interval", "1"));
        await program.WaitForErrorAsync("Could not get credentials");

        program.Terminate();

        Assert.Equal(0, (await program.WaitForExitAsync()).ExitCode);
    }

    public void Dispose() => _directory.Dispose();

    private static string[] Arguments(StreamAddress address, params string[] options) =>
        ["credentials", "push", "--cid", address.ToString(), "--log-level", "trace", .. options];

    private Task<ProgramResult> RunAsync(Dictionary<string, string> environment, StreamAddress? address = null, params string[] options) =>
        ProgramRunner.RunAsync("kmstool-instance", Arguments(address ?? Address, options), environment);

    private RunningProgram Watch(Dictionary<string, string>? more = null) => ProgramRunner.Start(
        "kmstool-instance", Arguments(Address, "--watch", "--interval", "1"), Credentials.Concat(more ?? []).ToDictionary());

    private static void AssertNoSecret(ProgramResult result) => Assert.All(["SECRETSECRET", "TOKENTOKEN"], secret =>
    {
        Assert.DoesNotContain(secret, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, result.Output, StringComparison.Ordinal);
    });
}
