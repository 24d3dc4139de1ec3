using System.Text.Json;
using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Kms;
using KmsTool.Signing;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>PushCredentials on the daemon's wire.</summary>
public sealed class CredentialInboxTests : IAsyncLifetime, IDisposable
{
    private const string Ok = """{"Status":"Ok"}""";

    private readonly RecordingLogger _log = new();
    private readonly CredentialStore _store = new(TimeProvider.System);
    private TestEnclave _enclave = null!;

    public async Task InitializeAsync() => _enclave = await TestEnclave.StartAsync((options, _) => options, logger: _log, credentials: _store);

    public async Task DisposeAsync() => await _enclave.DisposeAsync();

    public void Dispose() => _store.Dispose();

    [Fact]
    public async Task Credentials_areThoseOfAllFromThenOn()
    {
        await using EnclavePeer first = await _enclave.ConnectAsync();
        await using EnclavePeer second = await _enclave.ConnectAsync();

        Task<RefCounted<KmsCredentials>?> waiting = _store.RentAsync(EnclavePeer.Patience, CancellationToken.None);
        Assert.Equal(Ok, await first.AskAsync(Push("FIRST")));
        RefCounted<KmsCredentials> rented = (await waiting)!;
        Assert.Equal(("FIRST", "TOKENTOKEN"), (rented.Value.AccessKeyId, rented.Value.SessionToken));
        Assert.Equal(Ok, await second.AskAsync(Push("SECOND", expiration: "2100-01-01T00:00:00Z")));
        rented.Value.Sign(new CredentialScope("20260101", "eu-west-1", "kms"), "text"u8, new byte[32]);
        rented.Release();

        Assert.Equal("SECOND", (await _store.RentAsync(TimeSpan.Zero, CancellationToken.None))!.Value.AccessKeyId);
    }

    [Fact]
    public async Task Credentials_thatSeemToHaveExpired_areUsedOnlyWhereNoOthersCome()
    {
        await using EnclavePeer peer = await _enclave.ConnectAsync();

        Assert.Equal(Ok, await peer.AskAsync(Push("FIRST", expiration: "2020-01-01T00:00:00Z")));

        Assert.Equal("FIRST", (await _store.RentAsync(TimeSpan.Zero, CancellationToken.None))!.Value.AccessKeyId);
        Task<RefCounted<KmsCredentials>?> waiting = _store.RentAsync(EnclavePeer.Patience, CancellationToken.None);
        Assert.Equal(Ok, await peer.AskAsync(Push("SECOND")));
        Assert.Equal("SECOND", (await waiting)!.Value.AccessKeyId);
    }

    [Fact]
    public async Task Push_isNoSetClientAndSetClientNoPush()
    {
        await using EnclavePeer peer = await _enclave.ConnectAsync();

        Assert.Equal(Ok, await peer.AskAsync(Push("FIRST")));
        AssertError("ClientNotInitialized", await peer.AskAsync($$"""{"Operation":"Decrypt","Ciphertext":"{{_enclave.Encrypt("x"u8)}}"}"""));
        Assert.Equal(Ok, await peer.AskAsync(_enclave.SetClient()));

        Assert.Equal("FIRST", (await _store.RentAsync(TimeSpan.Zero, CancellationToken.None))!.Value.AccessKeyId);
    }

    [Fact]
    public async Task Push_thatIsMalformed_leavesTheOldOnes()
    {
        await using EnclavePeer peer = await _enclave.ConnectAsync();
        await peer.AskAsync(Push("FIRST"));

        AssertError("InvalidParameter", await peer.AskAsync("""{"Operation":"PushCredentials","AwsAccessKeyId":"SECOND"}"""));
        AssertError("InvalidParameter", await peer.AskAsync(Push("SECOND", expiration: "soon")));

        Assert.Equal("FIRST", (await _store.RentAsync(TimeSpan.Zero, CancellationToken.None))!.Value.AccessKeyId);
    }

    [Fact]
    public async Task Push_isCountedAndLoggedWithoutItsSecrets()
    {
        await using EnclavePeer peer = await _enclave.ConnectAsync();
        await peer.AskAsync(Push("FIRST"));

        var described = JsonElement.Parse((await peer.AskAsync("""{"Operation":"Describe"}"""))!);

        Assert.Equal(1, described.GetProperty("Counters").GetProperty("Operations").GetProperty("PushCredentials").GetProperty("Succeeded").GetInt64());
        Assert.Contains(_log.All, text => text.Contains("PushCredentials", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.All, text => text.Contains("SECRETSECRET", StringComparison.Ordinal) || text.Contains("TOKENTOKEN", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Push_toADaemonThatTakesNone_isRefused()
    {
        await using TestEnclave enclave = await TestEnclave.StartAsync();
        await using EnclavePeer peer = await enclave.ConnectAsync();

        string? reply = await peer.AskAsync(Push("FIRST"));

        AssertError("CredentialsNotTaken", reply);
        Assert.Contains("run --credentials push", reply, StringComparison.Ordinal);
        Assert.Equal(Ok, await peer.AskAsync(enclave.SetClient()));
    }

    private static string Push(string id, string? expiration = null) =>
        $$"""{"Operation":"PushCredentials","AwsAccessKeyId":"{{id}}","AwsSecretAccessKey":"SECRETSECRET","AwsSessionToken":"TOKENTOKEN"{{(expiration is null ? "" : $",\"Expiration\":\"{expiration}\"")}}}""";

    private static void AssertError(string code, string? reply)
    {
        var parsed = JsonElement.Parse(reply!);
        Assert.Equal(("Error", code), (parsed.GetProperty("Status").GetString(), parsed.GetProperty("Code").GetString()));
        Assert.DoesNotContain("SECRETSECRET", reply, StringComparison.Ordinal);
    }
}
