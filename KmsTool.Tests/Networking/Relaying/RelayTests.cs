using System.Net.Sockets;
using System.Security.Cryptography;
using KmsTool.Networking.Relaying;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Networking.Relaying;

public sealed class RelayTests : IDisposable
{
    private static readonly RelayOptions NoIdleTimeout = new() { IdleTimeout = TimeSpan.Zero };

    private readonly CancellationTokenSource _patience = new(Transports.BulkPatience);

    [Fact]
    public async Task RunAsync_reply_after_the_request_side_closed_arrives()
    {
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = NewRelay(accepted, destination).RunAsync(default, _patience.Token);

            await client.SendAsync("request"u8.ToArray());
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("request", await server.ReadToEndAsync(_patience.Token));
            await server.SendAsync("a reply that comes late"u8.ToArray());
            server.Shutdown(SocketShutdown.Send);
            Assert.Equal("a reply that comes late", await client.ReadToEndAsync(_patience.Token));

            Assert.Equal(new RelayResult(7, 23, RelayEnd.Closed, null), await relay);
        }
    }

    [Fact]
    public async Task RunAsync_server_that_closes_first_still_gets_the_rest_of_the_request()
    {
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = NewRelay(accepted, destination).RunAsync(default, _patience.Token);

            server.Shutdown(SocketShutdown.Send);
            Assert.Equal("", await client.ReadToEndAsync(_patience.Token));
            await client.SendAsync("request"u8.ToArray());
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("request", await server.ReadToEndAsync(_patience.Token));

            Assert.Equal(new RelayResult(7, 0, RelayEnd.Closed, null), await relay);
        }
    }

    [Fact]
    public async Task RunAsync_64_MiB_each_way_at_once_arrive_unchanged()
    {
        const int Length = 64 << 20;
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = NewRelay(accepted, destination).RunAsync(default, _patience.Token);

            // Both sides send before they read: neither direction may wait for the other.
            Task<byte[]> clientSends = SendRandomAsync(client, Length, seed: 1);
            Task<byte[]> serverSends = SendRandomAsync(server, Length, seed: 2);
            Task<byte[]> serverReads = HashToEndAsync(server);
            Task<byte[]> clientReads = HashToEndAsync(client);

            Assert.Equal(await clientSends, await serverReads);
            Assert.Equal(await serverSends, await clientReads);
            Assert.Equal(new RelayResult(Length, Length, RelayEnd.Closed, null), await relay);
        }
    }

    [Fact]
    public async Task RunAsync_client_that_writes_64_MiB_before_it_reads_does_not_wait_for_a_server_that_sends_as_much_at_once()
    {
        const int Length = 64 << 20;
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = NewRelay(accepted, destination).RunAsync(default, _patience.Token);

            Task<byte[]> serverSends = SendRandomAsync(server, Length, seed: 4);
            Task<byte[]> serverReads = HashToEndAsync(server);
            // The way down is blocked until the client has sent everything.
            byte[] sent = await SendRandomAsync(client, Length, seed: 5);
            Assert.Equal(sent, await serverReads);
            byte[] received = await HashToEndAsync(client);

            Assert.Equal(await serverSends, received);
            Assert.Equal(new RelayResult(Length, Length, RelayEnd.Closed, null), await relay);
        }
    }

    [Fact]
    public async Task RunAsync_1_GiB_each_way_in_pieces_of_any_size_arrives_unchanged()
    {
        // Hours, on the emulated machines that have a vsock for tests.
        int length = Transports.HaveVsock ? 64 << 20 : 1 << 30;
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = NewRelay(accepted, destination).RunAsync(default, _patience.Token);

            Task<byte[]> clientSends = SendPiecesAsync(client, length, seed: 6);
            Task<byte[]> serverSends = SendPiecesAsync(server, length, seed: 7);
            Task<byte[]> serverReads = HashToEndAsync(server);
            Task<byte[]> clientReads = HashToEndAsync(client);

            Assert.Equal(await clientSends, await serverReads);
            Assert.Equal(await serverSends, await clientReads);
            Assert.Equal(new RelayResult(length, length, RelayEnd.Closed, null), await relay);
        }
    }

    [Fact]
    public async Task RunAsync_bytes_that_came_early_go_first()
    {
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = NewRelay(accepted, destination).RunAsync("early "u8.ToArray(), _patience.Token);

            await client.SendAsync("late"u8.ToArray());
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("early late", await server.ReadToEndAsync(_patience.Token));
            server.Shutdown(SocketShutdown.Send);

            Assert.Equal(new RelayResult(10, 0, RelayEnd.Closed, null), await relay);
        }
    }

    [Fact]
    public async Task RunAsync_connection_that_is_reset_resets_the_other()
    {
        (Socket client, Socket accepted) = await SocketPair.ConnectTcpAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectTcpAsync(_patience.Token);
        using (server)
        {
            Task<RelayResult> relay = NewRelay(accepted, destination).RunAsync(default, _patience.Token);
            await client.SendAsync("half a mess"u8.ToArray());
            byte[] buffer = new byte[100];
            await server.ReceiveAsync(buffer, _patience.Token);

            client.LingerState = new LingerOption(true, 0);
            client.Dispose();

            // Not 0 bytes: that would look like an end in order.
            SocketException e = await Assert.ThrowsAsync<SocketException>(() => server.ReceiveAsync(buffer, _patience.Token).AsTask());
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
            Assert.Equal(RelayEnd.Broken, (await relay).End);
        }
    }

    [Fact]
    public async Task RunAsync_cancelled_closes_both_sides()
    {
        using var stop = new CancellationTokenSource();
        (Socket client, Socket accepted) = await SocketPair.ConnectAsync(_patience.Token);
        (Socket destination, Socket server) = await SocketPair.ConnectAsync(_patience.Token);
        using (client)
        using (server)
        {
            Task<RelayResult> relay = NewRelay(accepted, destination).RunAsync(default, stop.Token);
            await client.SendAsync("x"u8.ToArray());
            Assert.Equal(1, await server.ReceiveAsync(new byte[1], _patience.Token));

            await stop.CancelAsync();

            Assert.Equal(RelayEnd.Stopped, (await relay).End);
            await client.AssertBrokenOffAsync(_patience.Token);
            await server.AssertBrokenOffAsync(_patience.Token);
        }
    }

    public void Dispose() => _patience.Dispose();

    // NetworkStream refuses a socket whose sending side is closed.
    private async Task<byte[]> HashToEndAsync(Socket socket)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[256 * 1024];
        int length;
        while ((length = await socket.ReceiveAsync(buffer, _patience.Token)) > 0)
        {
            hash.AppendData(buffer.AsSpan(0, length));
        }

        return hash.GetHashAndReset();
    }

    // Pieces of 1 byte to 300 KB from anywhere in a block of random bytes.
    private async Task<byte[]> SendPiecesAsync(Socket socket, int length, int seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        byte[] block = new byte[1 << 20];
        random.NextBytes(block);
        while (length > 0)
        {
            int piece = Math.Min(length, 1 + random.Next(random.Next(10) == 0 ? 100 : 300_000));
            Memory<byte> part = block.AsMemory(random.Next(block.Length - piece), piece);
            hash.AppendData(part.Span);
            for (int sent = 0; sent < piece;)
            {
                sent += await socket.SendAsync(part[sent..], _patience.Token);
            }

            length -= piece;
        }

        socket.Shutdown(SocketShutdown.Send);
        return hash.GetHashAndReset();
    }

    private async Task<byte[]> SendRandomAsync(Socket socket, int length, int seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        byte[] block = new byte[100_000];
        for (int left = length; left > 0; left -= block.Length)
        {
            Memory<byte> part = block.AsMemory(0, Math.Min(left, block.Length));
            random.NextBytes(part.Span);
            hash.AppendData(part.Span);
            await socket.SendAsync(part, _patience.Token);
        }

        socket.Shutdown(SocketShutdown.Send);
        return hash.GetHashAndReset();
    }

    private static Relay NewRelay(Socket accepted, Socket destination) => new(accepted, destination, NoIdleTimeout, TimeProvider.System);
}
