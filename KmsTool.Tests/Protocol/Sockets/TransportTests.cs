using System.Net.Sockets;
using KmsTool.Networking;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Protocol.Sockets;

/// <summary>What holds for every transport alike.</summary>
public sealed class TransportTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(Transports.Patience);

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Bind_with_any_port_tells_where_to_connect(string transport)
    {
        await using StreamListener listener = Bind(transport);

        Assert.True(listener.LocalAddress is StreamAddress.Unix or StreamAddress.Tcp { Port: > 0 }
            or StreamAddress.Vsock { Cid: Transports.LocalCid, Port: > 0 and < VsockEndPoint.AnyPort }, listener.LocalAddress.ToString());
        // The address as a user would copy it.
        using Socket client = await StreamConnector.ConnectAsync(StreamAddress.Parse(listener.LocalAddress.ToString()), null, _patience.Token);
        using Socket server = await listener.AcceptAsync(_patience.Token);
        await AssertJoinedAsync(client, server);
        await AssertJoinedAsync(server, client);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Bind_where_another_listens_is_refused(string transport)
    {
        await using StreamListener first = Bind(transport);

        SocketException e = Assert.Throws<SocketException>(() => StreamListener.Bind(first.LocalAddress));

        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Bind_where_another_has_ended_succeeds(string transport)
    {
        StreamListener first = Bind(transport);
        StreamAddress address = first.LocalAddress;
        using Socket client = await StreamConnector.ConnectAsync(address, null, _patience.Token);
        using Socket server = await first.AcceptAsync(_patience.Token);
        await first.DisposeAsync();

        await using var second = StreamListener.Bind(address);

        Assert.Equal(address, second.LocalAddress);
        await AssertJoinedAsync(client, server);
    }

    /// <summary>A blocking accept would hang in both cases.</summary>
    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task AcceptAsync_ends_when_cancelled_and_when_the_listener_is_disposed(string transport)
    {
        StreamListener listener = Bind(transport);
        using var cancelled = new CancellationTokenSource();
        Task<Socket> first = listener.AcceptAsync(cancelled.Token).AsTask();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first.WaitAsync(Transports.Patience));

        // One that was given up takes no connection away.
        using Socket client = await StreamConnector.ConnectAsync(listener.LocalAddress, null, _patience.Token);
        using Socket server = await listener.AcceptAsync(_patience.Token);
        await AssertJoinedAsync(client, server);

        Task<Socket> second = listener.AcceptAsync(CancellationToken.None).AsTask();
        await listener.DisposeAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second.WaitAsync(Transports.Patience));
    }

    [Theory]
    [InlineData(Transports.Unix)]
    [InlineData(Transports.Tcp)]
    public async Task ConnectAsync_that_has_to_wait_ends_when_cancelled(string transport)
    {
        using var cancelled = new CancellationTokenSource();
        await using StreamListener listener = Bind(transport, new StreamSocketOptions(Backlog: 1));
        // Nobody accepts, which makes a client wait. vsock refuses it; there, only a machine that is not there makes it wait, and
        // scripts/test-enclave.sh has such a one.
        Task<Socket>[] connecting =
            [.. Enumerable.Range(0, 16).Select(_ => StreamConnector.ConnectAsync(listener.LocalAddress, null, cancelled.Token).AsTask())];

        await cancelled.CancelAsync();

        int connected = 0;
        foreach (Task<Socket> task in connecting)
        {
            try
            {
                (await task.WaitAsync(Transports.Patience)).Dispose();
                connected++;
            }
            catch (OperationCanceledException)
            {
                // As it should.
            }
        }

        Assert.True(connected < connecting.Length);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task ConnectAsync_where_nobody_listens_any_more_is_refused(string transport)
    {
        StreamListener listener = Bind(transport);
        await listener.DisposeAsync();

        SocketException e = await Assert.ThrowsAsync<SocketException>(
            () => StreamConnector.ConnectAsync(listener.LocalAddress, null, _patience.Token).AsTask());

        Assert.Equal(
            transport switch
            {
                Transports.Vsock => SocketError.ConnectionReset,
                Transports.Tcp => SocketError.ConnectionRefused,
                // The socket's file is gone, and ENOENT has no SocketError of its own.
                _ => SocketError.AddressNotAvailable,
            },
            e.SocketErrorCode);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Answer_after_the_client_has_closed_its_side_arrives(string transport)
    {
        await using TransportPair pair = await TransportPair.ConnectAsync(transport, _patience.Token);
        byte[] buffer = new byte[16];

        await pair.Client.SendAsync("request"u8.ToArray(), _patience.Token);
        pair.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(7, await pair.Server.ReceiveAsync(buffer, _patience.Token));
        Assert.Equal(0, await pair.Server.ReceiveAsync(buffer, _patience.Token));
        await pair.Server.SendAsync("an answer"u8.ToArray(), _patience.Token);
        pair.Server.Shutdown(SocketShutdown.Send);

        Assert.Equal(9, await pair.Client.ReceiveAsync(buffer, _patience.Token));
        Assert.Equal(0, await pair.Client.ReceiveAsync(buffer, _patience.Token));
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Transfer_of_256_MiB_arrives_unchanged(string transport)
    {
        const long Length = 256 << 20;
        using var patience = new CancellationTokenSource(Transports.BulkPatience);
        await using TransportPair pair = await TransportPair.ConnectAsync(transport, patience.Token);

        Task<byte[]> sending = HashedTransfer.SendAsync(pair.Client, Length, seed: 1, patience.Token);
        (long length, byte[] hash) = await HashedTransfer.ReceiveAsync(pair.Server, patience.Token);

        Assert.Equal(Length, length);
        Assert.Equal(await sending, hash);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Transfers_both_ways_at_once_arrive_unchanged_through_the_smallest_buffer(string transport)
    {
        const long Length = 256 * 1024;
        await using TransportPair pair = await TransportPair.ConnectAsync(
            transport, new StreamSocketOptions(StreamSocketOptions.MinVsockBufferSize), _patience.Token);

        Task<byte[]> up = HashedTransfer.SendAsync(pair.Client, Length, seed: 2, _patience.Token);
        Task<byte[]> down = HashedTransfer.SendAsync(pair.Server, Length, seed: 3, _patience.Token);
        Task<(long Length, byte[] Hash)> server = HashedTransfer.ReceiveAsync(pair.Server, _patience.Token);
        Task<(long Length, byte[] Hash)> client = HashedTransfer.ReceiveAsync(pair.Client, _patience.Token);

        Assert.Equal(await up, (await server).Hash);
        Assert.Equal(await down, (await client).Hash);
    }

    [Theory]
    [MemberData(nameof(Transports.All), MemberType = typeof(Transports))]
    public async Task Thousand_connections_at_once_are_all_served(string transport)
    {
        // Fewer where the limit of open files is low; other tests need some, too.
        int number = DescriptorLimit.ConnectionsWithin(1000, each: 2, others: 256);
        await using StreamListener listener = Bind(transport);
        Task serving = EchoAsync(listener, number);
        var clients = new List<Socket>();
        try
        {
            foreach (int[] some in Enumerable.Range(0, number).Chunk(100))
            {
                clients.AddRange(await Task.WhenAll(
                    some.Select(_ => StreamConnector.ConnectAsync(listener.LocalAddress, null, _patience.Token).AsTask())));
            }

            await Task.WhenAll(clients.Select(async (client, i) =>
            {
                byte[] answer = new byte[sizeof(int)];
                await client.SendAsync(BitConverter.GetBytes(i), _patience.Token);
                Assert.Equal(answer.Length, await client.ReceiveAsync(answer, _patience.Token));
                Assert.Equal(i, BitConverter.ToInt32(answer));
            }));
        }
        finally
        {
            foreach (Socket client in clients)
            {
                client.Dispose();
            }
        }

        await serving;
    }

    public void Dispose()
    {
        _patience.Dispose();
        _directory.Dispose();
    }

    private StreamListener Bind(string transport, StreamSocketOptions? options = null) =>
        StreamListener.Bind(Transports.Address(transport, _directory), options);

    private async Task EchoAsync(StreamListener listener, int number)
    {
        var served = new List<Task>();
        while (served.Count < number)
        {
            served.Add(EchoAsync(await listener.AcceptAsync(_patience.Token)));
        }

        await Task.WhenAll(served);
    }

    private async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            byte[] buffer = new byte[sizeof(int)];
            int length;
            while ((length = await socket.ReceiveAsync(buffer, _patience.Token)) > 0)
            {
                await socket.SendAsync(buffer.AsMemory(0, length), _patience.Token);
            }
        }
    }

    private async Task AssertJoinedAsync(Socket one, Socket other)
    {
        byte[] received = new byte[5];
        await one.SendAsync("ping"u8.ToArray(), _patience.Token);
        Assert.Equal(4, await other.ReceiveAsync(received, _patience.Token));
    }
}
