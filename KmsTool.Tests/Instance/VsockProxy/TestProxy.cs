using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.VsockProxy;
using KmsTool.Instance.VsockProxy.Destinations;
using KmsTool.Instance.VsockProxy.Monitoring;
using KmsTool.Instance.VsockProxy.Rules;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Instance.VsockProxy.Destinations;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary>A proxy in this process, at Unix sockets of a directory of its own or at TCP ports, and one destination for it.</summary>
internal sealed class TestProxy : IAsyncDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(Transports.Patience);
    private readonly HappyEyeballs _eyeballs = new(TimeProvider.System);
    private readonly NameResolvers _names;
    private readonly TimeProvider _time;
    private bool _stopped;

    public TestProxy(ProxySettings? options = null, NameLookup? lookup = null, TimeProvider? time = null)
    {
        Options = options ?? new ProxySettings();
        _names = new NameResolvers(Options.Family, NameTable.Blocking(lookup ?? NameTable.None), TimeProvider.System, Log);
        _time = time ?? TimeProvider.System;
        Server = new ProxyServer(Options, Metrics, _time, Log);
        Destination.Start(512);
    }

    public ProxySettings Options { get; }

    public ProxyServer Server { get; }

    public ProxyMetrics Metrics { get; } = new();

    public RecordingLogger Log { get; } = new();

    public TcpListener Destination { get; } = new(IPAddress.Loopback, 0);

    public ushort Port => (ushort)((IPEndPoint)Destination.LocalEndpoint).Port;

    public CancellationToken Patience => _patience.Token;

    public StreamAddress Unix(string name) => new StreamAddress.Unix(_directory[name]);

    /// <summary>A plan that leads to the destination.</summary>
    public ListenerPlan Fixed(
        StreamAddress local, int maxConnections = 1024, PeerList? peers = null, ushort? port = null, string host = "127.0.0.1") =>
        new(local, new FixedRoute(new Destination(Options.To(host, port ?? Port) with { Filter = static _ => true }, _names.GetFixed(host), _eyeballs, TimeProvider.System)), peers, maxConnections, Options.MostOfOnePeer(local, maxConnections));

    /// <summary>A plan in CONNECT mode.</summary>
    public ListenerPlan Connect(StreamAddress local, params (string Host, PortRange Ports)[] allowed) => new(
        local,
        new ConnectRoute(
            new Allowlist("allow.yaml", [.. allowed.Select(entry => new AllowlistEntry(HostPattern.Parse(entry.Host), entry.Ports))]),
            Options, _names, _eyeballs, _time),
        Peers: null,
        MaxConnections: 1024,
        Options.MostOfOnePeer(local, 1024));

    /// <summary>Applies plans; without a number, as if descriptors had no end.</summary>
    public Task ApplyAsync(IReadOnlyList<ListenerPlan> plans, int maxConnections = int.MaxValue) =>
        Server.ApplyAsync(new ProxyPlan(plans, maxConnections));

    public async Task<Socket> DialAsync(StreamAddress address) => await StreamConnector.ConnectAsync(address, null, Patience);

    public async Task<Socket> AcceptAsync() => await Destination.AcceptSocketAsync(Patience);

    /// <summary>Sends a byte on one socket and takes it from the other.</summary>
    public async Task AssertJoinedAsync(Socket one, Socket other)
    {
        byte[] sent = [(byte)Random.Shared.Next(256)];
        byte[] received = new byte[1];
        await one.SendAsync(sent, Patience);
        Assert.Equal(1, await other.ReceiveAsync(received, Patience));
        Assert.Equal(sent, received);
    }

    /// <summary>Waits until the log has a line with this in it.</summary>
    public Task<string> WaitForLogAsync(string part) => Log.WaitForAsync(part, Patience);

    public Task StopAsync()
    {
        _stopped = true;
        return Server.StopAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            // What is still open would take the drain time.
            Task stopping = Server.StopAsync();
            Server.Abort();
            await stopping;
        }

        await Server.DisposeAsync();
        Destination.Dispose();
        _patience.Dispose();
        _directory.Dispose();
    }
}
