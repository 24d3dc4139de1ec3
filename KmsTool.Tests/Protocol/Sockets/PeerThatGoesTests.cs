using System.IO.Pipelines;
using System.Net.Sockets;
using KmsTool.Networking.Relaying;
using KmsTool.Protocol.Messages;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Protocol.Sockets;

/// <summary>
/// Peers that close while something is sent to them, or within what they send. A vsock send that waits for the peer's credit
/// may wait for ever then, and an abort looks like an end in order.
/// </summary>
public sealed class PeerThatGoesTests : IDisposable
{
    // More than the buffers between can hold.
    private const int Much = 16 << 20;

    private static readonly RelayOptions SoonGivenUp = new() { SendTimeout = TimeSpan.FromSeconds(2) };

    private readonly CancellationTokenSource _patience = new(Transports.Patience);

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Relay_ends_when_a_side_that_takes_nothing_closes(string transport)
    {
        await using TransportPair near = await TransportPair.ConnectAsync(transport, _patience.Token);
        await using TransportPair far = await TransportPair.ConnectAsync(transport, _patience.Token);
        // It sends at once, so that it waits for the server when the method returns.
        var joined = new Relay(near.Server, far.Client, SoonGivenUp, TimeProvider.System);
        Task<RelayResult> relay = joined.RunAsync(new byte[Much], _patience.Token);

        far.Server.Dispose();

        await AssertBrokenOffAsync(relay, near, far);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Relay_ends_when_a_side_closes_whose_bytes_the_other_does_not_take_either(string transport)
    {
        await using TransportPair near = await TransportPair.ConnectAsync(transport, _patience.Token);
        await using TransportPair far = await TransportPair.ConnectAsync(transport, _patience.Token);
        var joined = new Relay(near.Server, far.Client, SoonGivenUp, TimeProvider.System);
        Task<RelayResult> relay = joined.RunAsync(new byte[Much], _patience.Token);
        // What is left unread at the relay keeps a vsock from telling that its peer has gone.
        Task<int> sending = far.Server.SendAsync(new byte[Much], _patience.Token).AsTask();

        far.Server.Dispose();

        await Assert.ThrowsAnyAsync<Exception>(() => sending);
        _patience.Token.ThrowIfCancellationRequested();
        await AssertBrokenOffAsync(relay, near, far);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Half_a_message_before_an_abort_is_no_message(string transport)
    {
        await using TransportPair pair = await TransportPair.ConnectAsync(transport, _patience.Token);
        await using var stream = new NetworkStream(pair.Server);
        PipeReader input = MessagePipe.CreateReader(stream);
        var messages = new MessageReader(input, MessageReader.DefaultMaxLength);
        await pair.Client.SendAsync("""{"Operation":"Foo"}"""u8.ToArray().Append((byte)0).Concat("""{"Operation":"""u8.ToArray()).ToArray(), _patience.Token);
        Assert.Equal(MessageReadStatus.Message, (await messages.ReadAsync(_patience.Token)).Status);

        pair.Client.LingerState = new LingerOption(true, 0);
        pair.Client.Dispose();

        try
        {
            Assert.Equal(MessageReadStatus.Truncated, (await messages.ReadAsync(_patience.Token)).Status);
        }
        catch (IOException) when (transport == Transports.Tcp)
        {
            // A reset, which TCP alone tells.
        }

        await input.CompleteAsync();
    }

    public void Dispose() => _patience.Dispose();

    private static async Task AssertBrokenOffAsync(Task<RelayResult> relay, TransportPair near, TransportPair far)
    {
        RelayResult result = await relay;
        Assert.True(result.End is RelayEnd.Broken or RelayEnd.Stalled, result.ToString());
        Assert.True(near.Server.SafeHandle.IsClosed && far.Client.SafeHandle.IsClosed);
    }
}
