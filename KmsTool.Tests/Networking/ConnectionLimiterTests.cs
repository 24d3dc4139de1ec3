using System.Net;
using System.Net.Sockets;
using KmsTool.Networking;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Networking;

public sealed class ConnectionLimiterTests : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(100);

    private readonly ManualClock _clock = new();
    private readonly List<string> _ended = [];
    private readonly TcpClient _peer = new();
    private readonly Socket _socket;

    public ConnectionLimiterTests()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _peer.Connect((IPEndPoint)listener.LocalEndpoint);
        _socket = listener.AcceptSocket();
    }

    public void Dispose()
    {
        _peer.Dispose();
        _socket.Dispose();
    }

    [Fact]
    public async Task Oldest_connection_without_a_request_gives_way()
    {
        var limiter = new ConnectionLimiter(3, _clock);
        ConnectionLimiter.Place first = await Take(limiter, "first");
        ConnectionLimiter.Place second = await Take(limiter, "second");
        await Take(limiter, "third");
        Assert.True(first.TryBeginRequest());
        Assert.True(second.TryBeginRequest());
        second.EndRequest();
        _clock.Advance(Grace);

        await Take(limiter, "fourth");
        Assert.Equal(["third"], _ended);
        await Take(limiter, "fifth");
        Assert.Equal(["third", "second"], _ended);
        Assert.False(second.TryBeginRequest());
        first.EndRequest();
        _clock.Advance(Grace);
        await Take(limiter, "sixth");
        Assert.Equal(["third", "second", "fourth"], _ended);
    }

    [Fact]
    public async Task Connection_keeps_its_place_for_a_moment_and_while_it_has_a_request()
    {
        var limiter = new ConnectionLimiter(1, _clock);
        ConnectionLimiter.Place first = await Take(limiter, "first");
        Task<ConnectionLimiter.Place> second = Take(limiter, "second");
        _clock.Advance(Grace - TimeSpan.FromMilliseconds(1));
        Assert.True(first.TryBeginRequest());
        _clock.Advance(TimeSpan.FromHours(1));
        first.EndRequest();
        await _clock.WaitForTimerAsync(Grace + TimeSpan.FromMilliseconds(1), CancellationToken.None).WaitAsync(Transports.Patience);
        Assert.Empty(_ended);
        Assert.False(second.IsCompleted);

        _clock.Advance(Grace + TimeSpan.FromMilliseconds(1));

        await second.WaitAsync(Transports.Patience);
        Assert.Equal(["first"], _ended);
    }

    [Fact]
    public async Task Place_is_given_back_once()
    {
        var limiter = new ConnectionLimiter(1, _clock);
        ConnectionLimiter.Place first = await Take(limiter, "first");
        _clock.Advance(Grace);
        ConnectionLimiter.Place second = await Take(limiter, "second");
        Assert.True(second.TryBeginRequest());

        first.EndRequest();
        first.Dispose();
        Task<ConnectionLimiter.Place> third = Take(limiter, "third");
        Assert.False(third.IsCompleted);

        second.Dispose();
        second.Dispose();
        await third.WaitAsync(Transports.Patience);
        Assert.False(Take(limiter, "fourth").IsCompleted);
    }

    [Fact]
    public async Task Connection_whose_bytes_were_not_read_yet_does_not_give_way()
    {
        var limiter = new ConnectionLimiter(1, _clock);
        ConnectionLimiter.Place first = await Take(limiter, "first");
        await _peer.Client.SendAsync(new byte[1]);
        Assert.True(_socket.Poll(Transports.Patience, SelectMode.SelectRead));
        _clock.Advance(Grace);
        Task<ConnectionLimiter.Place> second = Take(limiter, "second");
        await _clock.WaitForTimerAsync(Grace + TimeSpan.FromMilliseconds(1), CancellationToken.None).WaitAsync(Transports.Patience);
        Assert.False(second.IsCompleted);

        Assert.Equal(1, _socket.Receive(new byte[1]));
        _clock.Advance(Grace + TimeSpan.FromMilliseconds(1));

        await second.WaitAsync(Transports.Patience);
        Assert.Equal(["first"], _ended);
        Assert.False(first.TryBeginRequest());
    }

    private Task<ConnectionLimiter.Place> Take(ConnectionLimiter limiter, string name) =>
        limiter.TakeAsync(_socket, () => _ended.Add(name), ifAllBusy: null, CancellationToken.None).AsTask();
}
