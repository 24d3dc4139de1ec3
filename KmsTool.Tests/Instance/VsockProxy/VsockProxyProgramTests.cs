using System.Net;
using System.Net.Sockets;
using KmsTool.CommandLine;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Networking.Relaying;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary><c>kmstool-instance vsock-proxy</c> as a process, from Unix sockets to TCP.</summary>
public sealed class VsockProxyProgramTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));

    private string SocketPath => _directory["proxy.sock"];

    [Fact]
    public async Task Proxy_relays_with_half_close_and_ends_cleanly_on_SIGTERM()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using RunningProgram proxy = await StartAsync(server.LocalEndpoint, "--drain-timeout", "0.05");

        using Socket client = await ConnectAsync();
        using Socket accepted = await server.AcceptSocketAsync(_patience.Token);
        await client.SendAsync("ping"u8.ToArray(), _patience.Token);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("ping", await accepted.ReadToEndAsync(_patience.Token));
        await accepted.SendAsync("pong"u8.ToArray(), _patience.Token);
        accepted.Shutdown(SocketShutdown.Send);
        Assert.Equal("pong", await client.ReadToEndAsync(_patience.Token));

        using Socket idle = await ConnectAsync();
        using Socket idleAccepted = await server.AcceptSocketAsync(_patience.Token);
        proxy.Terminate();
        ProgramResult result = await proxy.WaitForExitAsync();

        Assert.Equal(0, result.ExitCode);
        Assert.Equal($"ready unix:{SocketPath}\n", result.Output);
        Assert.Contains("stopped listening", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task Proxy_serves_1200_connections_at_once()
    {
        // More than the 1024 descriptors that select(2) can tell apart, at which the AWS program ends.
        const int Count = 1200;
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start(Count);
        await using RunningProgram proxy = await StartAsync(server.LocalEndpoint, "-w", "1200");
        Task echo = EchoAsync(server, Count);

        var clients = new Socket[Count];
        for (int i = 0; i < Count; i++)
        {
            clients[i] = await ConnectAsync();
            await clients[i].SendAsync(BitConverter.GetBytes(i), _patience.Token);
        }

        // All are open now; each gets back its own bytes and no one else's.
        for (int i = 0; i < Count; i++)
        {
            byte[] answer = new byte[4];
            await new NetworkStream(clients[i]).ReadExactlyAsync(answer, _patience.Token);
            Assert.Equal(i, BitConverter.ToInt32(answer));
        }

        foreach (Socket client in clients)
        {
            client.Dispose();
        }

        await echo;
    }

    [Fact]
    public async Task Proxy_outlives_destinations_that_cannot_be_reached()
    {
        // Bound but not listening: nobody else can take the port, and connections are refused.
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await using RunningProgram proxy = await StartAsync(server.LocalEndPoint!);

        using Socket refused = await ConnectAsync();
        Assert.Equal(0, await refused.ReceiveAsync(new byte[1], _patience.Token));
        await proxy.WaitForErrorAsync("Unreachable: 127.0.0.1: Connection refused");
        server.Listen();
        using Socket client = await ConnectAsync();
        using Socket accepted = await server.AcceptAsync(_patience.Token);

        Assert.True(accepted.Connected);
    }

    [Fact]
    public async Task Proxy_outlives_names_that_cannot_be_resolved()
    {
        // .invalid never resolves (RFC 6761).
        await using RunningProgram proxy = ProgramRunner.Start(
            "kmstool-instance", ["vsock-proxy", "unix:" + SocketPath, "kms.invalid", "443", "--connect-timeout", "2"]);
        await proxy.WaitForErrorAsync("listening on");

        for (int i = 1; i <= 2; i++)
        {
            using Socket client = await ConnectAsync();
            Assert.Equal(0, await client.ReceiveAsync(new byte[1], _patience.Token));
            await proxy.WaitForErrorAsync($"connection {i} of unix to tcp:kms.invalid:443: refused");
        }
    }

    [Fact]
    public async Task Proxy_gives_up_a_destination_that_does_not_answer()
    {
        // A queue of one that is full: Linux drops further connection requests without an answer.
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen(0);
        using var first = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await first.ConnectAsync(server.LocalEndPoint!, _patience.Token);
        await using RunningProgram proxy = await StartAsync(server.LocalEndPoint!, "--connect-timeout", "0.2");

        using Socket client = await ConnectAsync();

        Assert.Equal(0, await client.ReceiveAsync(new byte[1], _patience.Token));
        await proxy.WaitForErrorAsync("ConnectTimeout: no answer within 0.2 s");
    }

    [Fact]
    public async Task Proxy_with_few_descriptors_lets_connections_wait_and_serves_them_all()
    {
        const int Count = 200;
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start(Count);
        await using RunningProgram proxy = ProgramRunner.Start(
            "/bin/sh",
            [
                "-c", "ulimit -n 200; exec \"$0\" \"$@\"", Path.Combine(AppContext.BaseDirectory, "kmstool-instance"),
                "vsock-proxy", "unix:" + SocketPath, "127.0.0.1", Port(server.LocalEndpoint),
            ]);
        await proxy.WaitForErrorAsync("listening on");
        Task echo = EchoAsync(server, Count);

        var answers = new List<Task<string>>();
        for (int i = 0; i < Count; i++)
        {
            Socket client = await ConnectAsync();
            await client.SendAsync("x"u8.ToArray(), _patience.Token);
            client.Shutdown(SocketShutdown.Send);
            answers.Add(client.ReadToEndAsync(_patience.Token));
        }

        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal("x", answer));
        await echo;
        Assert.DoesNotContain("failed", proxy.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1", "127.0.0.1")]
    [InlineData("100000", "::1")]
    public async Task Vsock_proxy_as_a_name_takes_the_arguments_of_the_original(string workers, string host)
    {
        using var server = new TcpListener(IPAddress.Parse(host), 0);
        server.Start();
        string program = LinkedProgram.Create(_directory, "kmstool-instance", "vsock-proxy");
        string port = Port(server.LocalEndpoint);
        await File.WriteAllTextAsync(_directory["allow.yaml"], $"allowlist: [{{address: '{host}', port: {port}}}]");
        await using RunningProgram proxy = ProgramRunner.Start(
            program, ["-w", workers, "--config", _directory["allow.yaml"], "unix:" + SocketPath, host, port]);
        Assert.Equal("ready unix:" + SocketPath, await proxy.WaitForOutputAsync("ready"));

        using Socket client = await ConnectAsync();
        using Socket accepted = await server.AcceptSocketAsync(_patience.Token);
        await client.SendAsync("x"u8.ToArray(), _patience.Token);

        Assert.Equal(1, await accepted.ReceiveAsync(new byte[1], _patience.Token));
    }

    [Fact]
    public async Task Vsock_proxy_as_a_name_helps_and_complains_under_it()
    {
        string program = LinkedProgram.Create(_directory, "kmstool-instance", "vsock-proxy");

        ProgramResult help = await ProgramRunner.RunAsync(program, ["--help"]);
        ProgramResult wrong = await ProgramRunner.RunAsync(program, ["-w", "0", "unix:" + SocketPath, "127.0.0.1", "443"]);

        Assert.Equal((0, ""), (help.ExitCode, help.Error));
        Assert.Contains("LOCAL_PORT REMOTE_ADDR REMOTE_PORT", help.Output, StringComparison.Ordinal);
        Assert.All(help.Output.Split('\n'), line => Assert.InRange(line.Length, 0, 80));
        Assert.Equal(2, wrong.ExitCode);
        Assert.Equal("vsock-proxy: --num_workers '0' is not a number from 1 to 100000. See 'vsock-proxy --help'.\n", wrong.Error);
    }

    [Fact]
    public async Task Proxy_closes_connections_that_carry_nothing()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using RunningProgram proxy = await StartAsync(server.LocalEndpoint, "--idle-timeout", "0.05");

        using Socket client = await ConnectAsync();

        await proxy.WaitForErrorAsync("Idle: nothing passed for 0.05 s");
    }

    [Fact]
    public async Task Proxy_says_the_port_that_the_system_chose()
    {
        await using RunningProgram proxy = ProgramRunner.Start(
            "kmstool-instance", ["vsock-proxy", "tcp:127.0.0.1:0", "127.0.0.1", "9"]);

        string line = await proxy.WaitForOutputAsync("ready");

        Assert.Matches(@"^ready tcp:127\.0\.0\.1:[1-9]\d*$", line);
    }

    [Fact]
    public async Task Proxy_address_in_use_ends_with_4()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using RunningProgram first = await StartAsync(server.LocalEndpoint);

        ProgramResult second = await ProgramRunner.RunAsync(
            "kmstool-instance", ["vsock-proxy", "unix:" + SocketPath, "127.0.0.1", "9"]);

        Assert.Equal((int)ExitCode.CouldNotConnect, second.ExitCode);
        Assert.Contains($"Could not listen on unix:{SocketPath}: another program listens there", second.Error, StringComparison.Ordinal);
        using Socket client = await ConnectAsync();
        using Socket accepted = await server.AcceptSocketAsync(_patience.Token);
    }

    public void Dispose()
    {
        _patience.Dispose();
        _directory.Dispose();
    }

    private static string Port(EndPoint destination) =>
        ((IPEndPoint)destination).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private async Task<RunningProgram> StartAsync(EndPoint destination, params string[] options)
    {
        RunningProgram proxy = ProgramRunner.Start(
            "kmstool-instance", ["vsock-proxy", "unix:" + SocketPath, "127.0.0.1", Port(destination), .. options]);
        await proxy.WaitForErrorAsync("listening on unix:" + SocketPath);
        return proxy;
    }

    private async Task<Socket> ConnectAsync() =>
        await StreamConnector.ConnectAsync(new StreamAddress.Unix(SocketPath), null, _patience.Token);

    private async Task EchoAsync(TcpListener server, int connections)
    {
        var echoes = new List<Task>();
        for (int i = 0; i < connections; i++)
        {
            Socket accepted = await server.AcceptSocketAsync(_patience.Token);
            echoes.Add(EchoOneAsync(accepted));
        }

        await Task.WhenAll(echoes);
    }

    private async Task EchoOneAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.CopyToAsync(stream, _patience.Token);
    }
}
