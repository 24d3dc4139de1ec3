using System.Net.Sockets;
using System.Text;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Daemon;

/// <summary>The daemon over every transport, with peers that read no replies or go in the middle.</summary>
public sealed class DeafPeerTests : IDisposable
{
    private static readonly byte[] Commands = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("""{"Operation":"Foo"}""" + "\0", 2000)));

    private readonly TempDirectory _directory = new();
    private readonly RecordingLogger _log = new();
    private readonly CancellationTokenSource _patience = new(Transports.Patience);

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Daemon_over_any_transport_decrypts(string transport)
    {
        await using TestEnclave enclave = await StartAsync(transport);
        await using EnclavePeer peer = await enclave.ConnectWithClientAsync();

        Assert.Equal(
            """{"Status":"Ok","Message":"c2VjcmV0"}""",
            await peer.AskAsync($$"""{"Operation":"Decrypt","Ciphertext":"{{enclave.Encrypt("secret"u8)}}"}"""));
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Peer_that_takes_no_replies_is_dropped_and_hurts_nobody(string transport)
    {
        await using TestEnclave enclave = await StartAsync(transport);
        await using EnclavePeer deaf = await enclave.ConnectAsync();
        Task sending = SendForEverAsync(deaf.Socket);

        Assert.EndsWith("replies were not taken, or the drain time is over", await _log.WaitForAsync("Connection 1 closed", _patience.Token), StringComparison.Ordinal);

        // A vsock send that waits for credit does not notice.
        if (transport == Transports.Vsock)
        {
            deaf.Socket.Dispose();
        }

        await Assert.ThrowsAnyAsync<Exception>(() => sending);
        _patience.Token.ThrowIfCancellationRequested();
        await AssertServesAsync(enclave);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Peer_that_closes_while_replies_wait_for_it_is_dropped_and_hurts_nobody(string transport)
    {
        await using TestEnclave enclave = await StartAsync(transport);
        await using EnclavePeer deaf = await enclave.ConnectAsync();
        Task sending = deaf.Socket.SendUntilItWaits(Commands, _patience.Token);

        deaf.Socket.Dispose();

        await sending.WhateverComesAsync();
        _patience.Token.ThrowIfCancellationRequested();
        await _log.WaitForAsync("Connection 1 closed", _patience.Token);
        await AssertServesAsync(enclave);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Half_a_command_before_an_abort_is_no_command(string transport)
    {
        await using TestEnclave enclave = await StartAsync(transport);
        await using EnclavePeer peer = await enclave.ConnectAsync();
        Assert.NotNull(await peer.AskAsync("""{"Operation":"Foo"}"""));
        await peer.SendAsync("""{"Operation":"Foo"}""");

        peer.Socket.LingerState = new LingerOption(true, 0);
        peer.Socket.Dispose();

        string closed = await _log.WaitForAsync("Connection 1 closed", _patience.Token);
        Assert.StartsWith("Connection 1 closed after 1 commands", closed, StringComparison.Ordinal);
        Assert.True(
            closed.EndsWith("closed by the peer within a message", StringComparison.Ordinal)
            || (transport == Transports.Tcp && closed.EndsWith("the connection was lost", StringComparison.Ordinal)), closed);
        await AssertServesAsync(enclave);
    }

    public void Dispose()
    {
        _patience.Dispose();
        _directory.Dispose();
    }

    private Task<TestEnclave> StartAsync(string transport)
    {
        StreamAddress address = Transports.Address(transport, _directory);
        return TestEnclave.StartAsync(
            options => options with { Listen = address, Limits = options.Limits with { SendTimeout = TimeSpan.FromSeconds(1) } }, logger: _log);
    }

    private async Task SendForEverAsync(Socket socket)
    {
        while (true)
        {
            await socket.SendAsync(Commands, _patience.Token);
        }
    }

    private static async Task AssertServesAsync(TestEnclave enclave)
    {
        await using EnclavePeer other = await enclave.ConnectAsync();
        Assert.Contains("Operation not recognized", await other.AskAsync("""{"Operation":"Foo"}"""), StringComparison.Ordinal);
    }
}
