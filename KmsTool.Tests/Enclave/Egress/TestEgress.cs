using System.Net;
using System.Net.Sockets;
using System.Text;
using KmsTool.Enclave.Egress;
using KmsTool.Networking.Hosts;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Networking.Relaying;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Enclave.Egress;

/// <summary>An egress proxy in this process, and the listener of a parent's proxy in CONNECT mode, which the test answers for.</summary>
internal sealed class TestEgress : IAsyncDisposable
{
    public const string Established = "HTTP/1.1 200 Connection established\r\n\r\n";

    private readonly CancellationTokenSource _patience = new(Transports.Patience);
    private bool _stopped;

    /// <param name="allow">Patterns, with commas between them.</param>
    /// <param name="deny">The same.</param>
    /// <param name="configure">Changes the options.</param>
    /// <param name="time">The proxy's clock.</param>
    public TestEgress(string allow = "", string deny = "", Func<EgressSettings, EgressSettings>? configure = null, TimeProvider? time = null)
    {
        Parent.Start(512);
        var options = new EgressSettings
        {
            Port = 0,
            Rules = Rules(allow, deny),
            Parent = new ParentRoutes { Other = AddressOf(Parent), OtherTakesConnect = true },
        };
        Server = EgressServer.Start(configure?.Invoke(options) ?? options, time ?? TimeProvider.System, Log);
    }

    public EgressServer Server { get; }

    public TcpListener Parent { get; } = new(IPAddress.Loopback, 0);

    public RecordingLogger Log { get; } = new();

    public CancellationToken Patience => _patience.Token;

    public static EgressRules Rules(string allow, string deny) => new(Patterns(allow), Patterns(deny));

    public static StreamAddress AddressOf(TcpListener listener) =>
        new StreamAddress.Tcp("127.0.0.1", (ushort)((IPEndPoint)listener.LocalEndpoint).Port);

    /// <summary>A connection of an application.</summary>
    public async Task<Socket> DialAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
        await socket.ConnectAsync(IPAddress.Loopback, Server.Address.Port, Patience);
        return socket;
    }

    /// <summary>A connection of an application that has sent this.</summary>
    public async Task<Socket> DialAsync(string request)
    {
        Socket socket = await DialAsync();
        await SendAsync(socket, request);
        return socket;
    }

    /// <summary>Sends a request and nothing after it, and reads all of the answer.</summary>
    public async Task<string> AskAsync(string request)
    {
        using Socket socket = await DialAsync(request);
        socket.Shutdown(SocketShutdown.Send);
        return await socket.ReadToEndAsync(Patience);
    }

    /// <summary>A connection to the parent's proxy.</summary>
    public async Task<Socket> AcceptAsync()
    {
        Socket socket = await Parent.AcceptSocketAsync(Patience);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
        return socket;
    }

    /// <summary>A connection to the parent's proxy, whose CONNECT is taken on.</summary>
    public async Task<Socket> AcceptConnectAsync(string authority)
    {
        Socket socket = await AcceptAsync();
        Assert.Equal($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n", await ReadHeadAsync(socket));
        await SendAsync(socket, "HTTP/1.1 200 OK\r\n\r\n");
        return socket;
    }

    public async Task SendAsync(Socket socket, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        for (int sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent), Patience);
        }
    }

    /// <summary>Reads this many characters.</summary>
    public async Task<string> ReadAsync(Socket socket, int length)
    {
        byte[] bytes = new byte[length];
        for (int read = 0; read < length;)
        {
            int received = await socket.ReceiveAsync(bytes.AsMemory(read), Patience);
            Assert.True(received > 0, $"closed after '{Encoding.Latin1.GetString(bytes, 0, read)}'");
            read += received;
        }

        return Encoding.Latin1.GetString(bytes);
    }

    /// <summary>Reads up to an empty line, and nothing after it.</summary>
    public async Task<string> ReadHeadAsync(Socket socket)
    {
        var head = new StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append(await ReadAsync(socket, 1));
        }

        return head.ToString();
    }

    /// <summary>Waits until the peer has closed or reset the connection.</summary>
    public async Task WaitForEndAsync(Socket socket)
    {
        try
        {
            await socket.ReadToEndAsync(Patience);
        }
        catch (SocketException e)
        {
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }

    public async Task StopAsync()
    {
        _stopped = true;
        await Server.DisposeAsync().AsTask().WaitAsync(Patience);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopped)
        {
            await StopAsync();
        }

        Parent.Dispose();
        _patience.Dispose();
    }

    private static HostPattern[] Patterns(string list) => [.. list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(HostPattern.Parse)];
}
