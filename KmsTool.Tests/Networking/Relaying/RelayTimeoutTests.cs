using System.Net.Sockets;
using KmsTool.Networking.Relaying;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Networking.Relaying;

/// <summary>Relays whose sides say nothing or take nothing.</summary>
public sealed class RelayTimeoutTests : IDisposable
{
    private static readonly RelayOptions TenSeconds = new() { IdleTimeout = TimeSpan.FromSeconds(10) };

    private readonly CancellationTokenSource _patience = new(Transports.BulkPatience);

    [Fact]
    public async Task RunAsync_peer_that_takes_nothing_any_more_is_given_up()
    {
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            var options = new RelayOptions { SendTimeout = TimeSpan.FromMilliseconds(50) };
            Task<RelayResult> relay = new Relay(accepted, destination, options, TimeProvider.System).RunAsync(default, _patience.Token);

            // The server never reads: the buffers between fill up, and the relay's send waits.
            Task<int> sending = client.SendAsync(new byte[64 << 20], _patience.Token).AsTask();
            RelayResult result = await relay;

            Assert.Equal(RelayEnd.Stalled, result.End);
            // A vsock send that waits for credit may not notice that the relay has gone.
            if (Transports.HaveVsock)
            {
                client.Dispose();
            }

            await Assert.ThrowsAnyAsync<Exception>(() => sending);
            _patience.Token.ThrowIfCancellationRequested();
        }
    }

    [Fact]
    public async Task RunAsync_connection_that_carries_nothing_is_reset_after_the_idle_timeout()
    {
        var clock = new ManualClock();
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = new Relay(accepted, destination, TenSeconds, clock).RunAsync(default, _patience.Token);

            clock.Advance(TimeSpan.FromSeconds(10));

            RelayResult result = await relay;
            Assert.Equal((RelayEnd.Idle, "nothing passed for 10 s"), (result.End, result.Reason));
            await client.AssertBrokenOffAsync(_patience.Token);
            await server.AssertBrokenOffAsync(_patience.Token);
        }
    }

    [Fact]
    public async Task RunAsync_activity_of_either_direction_puts_the_idle_timeout_off()
    {
        var clock = new ManualClock();
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = new Relay(accepted, destination, TenSeconds, clock).RunAsync(default, _patience.Token);

            clock.Advance(TimeSpan.FromSeconds(6));
            await client.SendAsync("request"u8.ToArray());
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("request", await server.ReadToEndAsync(_patience.Token));
            byte[] reply = new byte[1];
            for (int i = 0; i < 3; i++)
            {
                // After the first turn longer than the timeout since the request's side was closed.
                clock.Advance(TimeSpan.FromSeconds(6));
                await server.SendAsync("y"u8.ToArray());
                Assert.Equal(1, await client.ReceiveAsync(reply, _patience.Token));
            }

            clock.Advance(TimeSpan.FromSeconds(20));

            RelayResult result = await relay;
            Assert.Equal((7, 3, RelayEnd.Idle), (result.BytesUp, result.BytesDown, result.End));
        }
    }

    [Fact]
    public async Task RunAsync_side_that_still_takes_what_is_sent_is_not_idle()
    {
        // More than the buffers between can hold.
        const int Length = 16 << 20;
        var clock = new ManualClock();
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            // It sends at once, so that it waits for the server when the method returns.
            Task<RelayResult> relay = new Relay(accepted, destination, TenSeconds, clock).RunAsync(new byte[Length], _patience.Token);

            clock.Advance(TimeSpan.FromSeconds(10));
            clock.Advance(TimeSpan.FromSeconds(10));

            client.Shutdown(SocketShutdown.Send);
            Task<string> reading = server.ReadToEndAsync(_patience.Token);
            server.Shutdown(SocketShutdown.Send);
            Assert.Equal(0, await client.ReceiveAsync(new byte[1], _patience.Token));
            Assert.Equal(Length, (await reading).Length);
            Assert.Equal(new RelayResult(Length, 0, RelayEnd.Closed, null), await relay);
        }
    }

    [Fact]
    public async Task RunAsync_side_that_takes_nothing_is_given_up_though_the_idle_timeout_is_shorter()
    {
        var clock = new ManualClock();
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = new Relay(accepted, destination, TenSeconds, clock).RunAsync(new byte[16 << 20], _patience.Token);

            for (int seconds = 0; seconds < 300; seconds += 10)
            {
                Assert.False(relay.IsCompleted);
                clock.Advance(TimeSpan.FromSeconds(10) + TimeSpan.FromMilliseconds(1));
            }

            Assert.Equal(RelayEnd.Stalled, (await relay).End);
        }
    }

    public void Dispose() => _patience.Dispose();
}
