using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol.Nsm;

namespace KmsTool.Tests.Protocol.Nsm;

public sealed class NsmFramingTests : IAsyncLifetime, IDisposable
{
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));
    private NetworkStream? _near;
    private NetworkStream? _far;

    private CancellationToken Deadline => _deadline.Token;

    private NetworkStream Near => _near!;

    private NetworkStream Far => _far!;

    public async Task InitializeAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await near.ConnectAsync(listener.LocalEndPoint!, Deadline);
        _near = new NetworkStream(near, ownsSocket: true);
        _far = new NetworkStream(await listener.AcceptAsync(Deadline), ownsSocket: true);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose()
    {
        _near?.Dispose();
        _far?.Dispose();
        _deadline.Dispose();
    }

    [Fact]
    public async Task WriteAsync_puts_the_length_big_endian_before_the_message()
    {
        await NsmFraming.WriteAsync(Near, new byte[] { 0xAA, 0xBB, 0xCC }, Deadline);

        byte[] received = new byte[7];
        await Far.ReadExactlyAsync(received, Deadline);
        Assert.Equal([0, 0, 0, 3, 0xAA, 0xBB, 0xCC], received);
    }

    [Fact]
    public async Task ReadAsync_messages_one_after_the_other_then_null_at_the_end()
    {
        byte[] large = new byte[12288];
        Random.Shared.NextBytes(large);
        await NsmFraming.WriteAsync(Near, new byte[] { 1 }, Deadline);
        await NsmFraming.WriteAsync(Near, large, Deadline);
        Near.Socket.Shutdown(SocketShutdown.Send);

        Assert.Equal([1], await NsmFraming.ReadAsync(Far, 12288, Deadline));
        Assert.Equal(large, await NsmFraming.ReadAsync(Far, 12288, Deadline));
        Assert.Null(await NsmFraming.ReadAsync(Far, 12288, Deadline));
    }

    [Fact]
    public async Task ReadAsync_message_that_arrives_byte_by_byte_is_put_together()
    {
        Task<byte[]?> reading = NsmFraming.ReadAsync(Far, 16, Deadline).AsTask();
        foreach (byte value in new byte[] { 0, 0, 0, 2, 7, 8 })
        {
            await Near.WriteAsync(new[] { value }, Deadline);
        }

        Assert.Equal([7, 8], await reading);
    }

    [Theory]
    [InlineData("00000000", NsmErrorCode.InvalidArgument, "empty")]
    [InlineData("00000011", NsmErrorCode.InputTooLarge, "17 bytes is larger than 16")]
    [InlineData("FFFFFFFF", NsmErrorCode.InputTooLarge, "4294967295 bytes is larger than 16")]
    [InlineData("000000", NsmErrorCode.InvalidArgument, "ended inside")]
    [InlineData("00000002", NsmErrorCode.InvalidArgument, "ended inside")]
    [InlineData("0000000207", NsmErrorCode.InvalidArgument, "ended inside")]
    public async Task ReadAsync_broken_frame_names_the_rule(string hex, NsmErrorCode code, string message)
    {
        await Near.WriteAsync(Convert.FromHexString(hex), Deadline);
        Near.Socket.Shutdown(SocketShutdown.Send);

        NsmException exception = await Assert.ThrowsAsync<NsmException>(async () => await NsmFraming.ReadAsync(Far, 16, Deadline));

        Assert.Equal(code, exception.Code);
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAsync_silent_peer_ends_with_the_cancellation()
    {
        using var cancellation = new CancellationTokenSource();
        Task<byte[]?> reading = NsmFraming.ReadAsync(Far, 16, cancellation.Token).AsTask();

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }
}
