using System.Net;
using System.Net.Sockets;
using System.Text;
using KmsTool.Instance.VsockProxy;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary>Peers that ask for names whose name servers do not answer.</summary>
public sealed class SlowNamesTests : IDisposable
{
    // A refused peer that does not close is waited for so long, before the log has its line.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);

    private readonly BlockedNames _names = new();
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task They_hold_up_neither_relays_nor_fixed_names_nor_the_end()
    {
        await using var proxy = new TestProxy(
            new ProxySettings { ConnectTimeout = TimeSpan.FromMinutes(10), DrainTimeout = TimeSpan.Zero }, _names.LookUpAsync, _clock);
        (StreamAddress byAddress, StreamAddress byName, StreamAddress asked) = (proxy.Unix("address"), proxy.Unix("name"), proxy.Unix("asked"));
        await proxy.ApplyAsync([proxy.Fixed(byAddress), proxy.Fixed(byName, host: "fixed.test"), proxy.Connect(asked, ("**.slow.test", 443))]);
        using Socket client = await proxy.DialAsync(byAddress);
        using Socket accepted = await proxy.AcceptAsync();
        var requesters = new List<Socket>();
        for (int i = 0; i < 100; i++)
        {
            requesters.Add(await AskAsync(proxy, await proxy.DialAsync(asked), $"n{i}.slow.test", 443));
        }

        await _names.WaitForBegunAsync(3, proxy.Patience);
        await _clock.WaitForTimerAsync(Linger, proxy.Patience);
        _clock.Advance(Linger);
        await proxy.WaitForLogAsync("too many names are being looked up already");
        await proxy.AssertJoinedAsync(client, accepted);
        using Socket named = await proxy.DialAsync(byName);
        using Socket namedAccepted = await proxy.AcceptAsync();
        await proxy.AssertJoinedAsync(named, namedAccepted);

        await proxy.StopAsync().WaitAsync(proxy.Patience);

        Assert.Equal(3, _names.Asked.Count(name => name != "fixed.test"));
        requesters.ForEach(requester => requester.Dispose());
    }

    [Fact]
    public async Task They_hold_up_no_other_peer()
    {
        await using var proxy = new TestProxy(new ProxySettings { ConnectTimeout = TimeSpan.FromMinutes(10) }, _names.LookUpAsync, _clock);
        await proxy.ApplyAsync(
            [proxy.Connect(new StreamAddress.Tcp("127.0.0.1", 0), ("**.slow.test", 443), ("good.test", proxy.Port), ("127.0.0.1", proxy.Port))]);
        var requesters = new List<Socket>();
        for (int i = 0; i < 50; i++)
        {
            requesters.Add(await AskAsync(proxy, await DialFromAsync(proxy, "127.0.0.2"), $"n{i}.slow.test", 443));
        }

        await _clock.WaitForTimerAsync(Linger, proxy.Patience);
        _clock.Advance(Linger);
        await proxy.WaitForLogAsync("too many names are being looked up already");
        using Socket other = await AskAsync(proxy, await DialFromAsync(proxy, "127.0.0.3"), "good.test", proxy.Port);
        using Socket accepted = await proxy.AcceptAsync();

        byte[] answer = new byte[12];
        await new NetworkStream(other).ReadExactlyAsync(answer, proxy.Patience);
        Assert.Equal("HTTP/1.1 200", Encoding.ASCII.GetString(answer));
        requesters.ForEach(requester => requester.Dispose());
    }

    public void Dispose() => _names.Dispose();

    private static async Task<Socket> AskAsync(TestProxy proxy, Socket socket, string host, ushort port)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes($"CONNECT {host}:{port} HTTP/1.1\r\n\r\n"), proxy.Patience);
        return socket;
    }

    private static async Task<Socket> DialFromAsync(TestProxy proxy, string source)
    {
        var address = (StreamAddress.Tcp)proxy.Server.LocalAddresses.Single();
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(source), 0));
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, address.Port), proxy.Patience);
        return socket;
    }
}
