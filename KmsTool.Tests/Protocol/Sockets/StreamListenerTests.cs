using System.Net.Sockets;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Protocol.Sockets;

public class StreamListenerTests
{
    [Fact]
    public async Task Unix_isForItsOwnerOnlyAndRemovedAtTheEnd()
    {
        using var directory = new TempDirectory();
        string path = directory["a.sock"];
        await using (var listener = StreamListener.Bind(new StreamAddress.Unix(path)))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            await AssertEchoAsync(listener);
        }

        Assert.False(File.Exists(path));
    }

    [Fact]
    public async Task Unix_whereAKilledProcessLeftItsSocket_replacesIt()
    {
        using var directory = new TempDirectory();
        string path = directory["a.sock"];
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            // Bound by a name that no longer is the file's when the socket closes, so that the file stays.
            left.Bind(new UnixDomainSocketEndPoint(directory["b.sock"]));
            left.Listen();
            File.Move(directory["b.sock"], path);
        }

        Assert.True(File.Exists(path));
        await using var listener = StreamListener.Bind(new StreamAddress.Unix(path));
        await AssertEchoAsync(listener);
    }

    [Fact]
    public async Task Unix_whereAnotherListens_isRefused()
    {
        using var directory = new TempDirectory();
        var address = new StreamAddress.Unix(directory["a.sock"]);
        await using var first = StreamListener.Bind(address);

        SocketException e = Assert.Throws<SocketException>(() => StreamListener.Bind(address));

        Assert.Equal(SocketError.AddressAlreadyInUse, e.SocketErrorCode);
        using Socket probe = await first.AcceptAsync(CancellationToken.None);
        await AssertEchoAsync(first);
    }

    [Theory]
    [InlineData("")]
    [InlineData("content")]
    public void Unix_whereAFileIs_leavesItAlone(string content)
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory["a.sock"], content);

        Assert.Throws<SocketException>(() => StreamListener.Bind(new StreamAddress.Unix(directory["a.sock"])));

        Assert.Equal(content, File.ReadAllText(directory["a.sock"]));
    }

    [Fact]
    public async Task Disposing_again_leavesTheSuccessorsSocket()
    {
        using var directory = new TempDirectory();
        var address = new StreamAddress.Unix(directory["a.sock"]);
        var first = StreamListener.Bind(address);
        await first.DisposeAsync();
        await using var second = StreamListener.Bind(address);

        await first.DisposeAsync();

        await AssertEchoAsync(second);
    }

    [Fact]
    public async Task ConnectAsync_whileTheBacklogIsFull_waitsForAccept()
    {
        using var directory = new TempDirectory();
        using var timer = new CancellationTokenSource(Transports.Patience);
        await using var listener = StreamListener.Bind(
            new StreamAddress.Unix(directory["a.sock"]), new StreamSocketOptions(Backlog: 1));
        Task<Socket>[] clients =
            [.. Enumerable.Range(0, 20).Select(_ => StreamConnector.ConnectAsync(listener.LocalAddress, null, timer.Token).AsTask())];

        for (int i = 0; i < clients.Length; i++)
        {
            (await listener.AcceptAsync(timer.Token)).Dispose();
        }

        foreach (Socket client in await Task.WhenAll(clients))
        {
            client.Dispose();
        }
    }

    private static async Task AssertEchoAsync(StreamListener listener)
    {
        using var timer = new CancellationTokenSource(Transports.Patience);
        using Socket client = await StreamConnector.ConnectAsync(listener.LocalAddress, null, timer.Token);
        using Socket server = await listener.AcceptAsync(timer.Token);
        await client.SendAsync("ping"u8.ToArray(), timer.Token);
        client.Shutdown(SocketShutdown.Send);
        byte[] received = new byte[8];
        await using var stream = new NetworkStream(server);
        Assert.Equal(4, await stream.ReadAtLeastAsync(received, received.Length, throwOnEndOfStream: false, timer.Token));
    }
}
