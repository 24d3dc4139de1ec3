using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary>Peers and destinations that break off. All over TCP, as a Unix socket has no resets.</summary>
public class ProxyServerHostilityTests
{
    private static readonly StreamAddress.Tcp AnyTcp = new("127.0.0.1", 0);
    private static readonly StreamAddress.Tcp AnotherTcp = new("127.0.0.2", 0);

    [Fact]
    public async Task Peers_that_say_nothing_flood_or_reset_leave_others_untouched()
    {
        await using var proxy = new TestProxy(new ProxySettings { MaxPerPeer = 32 });
        using var otherDestination = new TcpListener(IPAddress.Loopback, 0);
        otherDestination.Start();
        await proxy.ApplyAsync(
            [proxy.Fixed(AnyTcp, maxConnections: 64), proxy.Fixed(AnotherTcp, port: (ushort)((IPEndPoint)otherDestination.LocalEndpoint).Port)]);
        EndPoint[] addresses = [.. proxy.Server.LocalAddresses.Cast<StreamAddress.Tcp>().Select(address => new IPEndPoint(IPAddress.Parse(address.Host), address.Port))];
        using Socket elsewhere = await DialFromAsync(proxy, "127.0.0.4", addresses[1]);
        using Socket elsewhereAccepted = await otherDestination.AcceptSocketAsync(proxy.Patience);
        using Socket early = await DialFromAsync(proxy, "127.0.0.4", addresses[0]);
        using Socket earlyAccepted = await proxy.AcceptAsync();
        using var enough = new CancellationTokenSource();
        var isOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var flooding = Task.Run(() => FloodAsync(proxy, addresses[0], isOn, enough.Token));
        Task echoing = EchoAllAsync(proxy.Destination, enough.Token);

        await isOn.Task.WaitAsync(proxy.Patience);
        for (int i = 0; i < 20; i++)
        {
            await proxy.AssertJoinedAsync(elsewhere, elsewhereAccepted);
            await proxy.AssertJoinedAsync(early, earlyAccepted);
            // A new one of another peer at the very listener finds a place.
            using Socket late = await DialFromAsync(proxy, "127.0.0.4", addresses[0]);
            await late.SendAsync("x"u8.ToArray(), proxy.Patience);
            Assert.Equal(1, await late.ReceiveAsync(new byte[1], proxy.Patience));
        }

        Assert.False(flooding.IsCompleted);
        await enough.CancelAsync();
        await flooding;
        await echoing;
        Assert.Equal(0, proxy.Metrics.Listeners.Sum(listener => listener.CountOf(ConnectionEnd.Fault)));
        Assert.True(proxy.Metrics.Listeners.Sum(listener => listener.CountOf(ConnectionEnd.TooMany)) > 0);
    }

    [Fact]
    public async Task Destination_that_resets_resets_the_peer()
    {
        await using var proxy = new TestProxy();
        await proxy.ApplyAsync([proxy.Fixed(AnyTcp)]);
        using Socket client = await proxy.DialAsync(proxy.Server.LocalAddresses.Single());
        using Socket accepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(accepted, client);

        accepted.LingerState = new LingerOption(true, 0);
        accepted.Dispose();

        SocketException e = await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1], proxy.Patience).AsTask());
        Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        await proxy.WaitForLogAsync("; Broken: ");
    }

    /// <summary>Connects without end; of three connections one is reset, one closed, and one kept, until 300 are.</summary>
    private static async Task FloodAsync(TestProxy proxy, EndPoint address, TaskCompletionSource isOn, CancellationToken enough)
    {
        var kept = new Queue<Socket>();
        for (int i = 0; !enough.IsCancellationRequested; i++)
        {
            Socket one = await DialFromAsync(proxy, "127.0.0.3", address);
            one.LingerState = new LingerOption(true, i % 3 == 0 ? 0 : 1);
            if (i % 3 == 2)
            {
                kept.Enqueue(one);
            }
            else
            {
                one.Dispose();
            }

            if (kept.Count > 300)
            {
                kept.Dequeue().Dispose();
            }

            if (i == 100)
            {
                isOn.SetResult();
            }
        }

        foreach (Socket socket in kept)
        {
            socket.Dispose();
        }
    }

    /// <summary>Accepts whatever comes, and sends back what each sends until it closes.</summary>
    private static async Task EchoAllAsync(TcpListener destination, CancellationToken enough)
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await destination.AcceptSocketAsync(enough));
            }
        }
        catch (OperationCanceledException)
        {
            // The end that this waits for.
        }
    }

    private static async Task EchoAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                byte[] buffer = new byte[1];
                while (await socket.ReceiveAsync(buffer) > 0)
                {
                    await socket.SendAsync(buffer);
                }
            }
            catch (SocketException)
            {
                // One of the flood.
            }
        }
    }

    private static async Task<Socket> DialFromAsync(TestProxy proxy, string source, EndPoint address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
        await socket.ConnectAsync(address, proxy.Patience);
        return socket;
    }
}
