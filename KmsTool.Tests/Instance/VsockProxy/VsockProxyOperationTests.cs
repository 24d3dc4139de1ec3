using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using KmsTool.Tests.Networking.Relaying;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary>The program as a process, with a file of listeners: reload, draining, metrics, the service manager.</summary>
public sealed class VsockProxyOperationTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    public VsockProxyOperationTests() => _server.Start();

    private string Config => _directory["proxy.yaml"];

    private int Port => ((IPEndPoint)_server.LocalEndpoint).Port;

    [Fact]
    public async Task File_with_listeners_is_served_by_one_process_and_read_again_on_SIGHUP()
    {
        await WriteAsync(Fixed("one"), Connect("two"));
        await using RunningProgram proxy = Start();
        await proxy.WaitForOutputAsync("ready unix:" + _directory["two"]);
        using Socket first = await DialAsync("one");
        using Socket firstAccepted = await _server.AcceptSocketAsync(_patience.Token);

        await WriteAsync(Fixed("three"));
        proxy.HangUp();
        await proxy.WaitForErrorAsync("read the file again; listens on unix:" + _directory["three"]);

        await AssertJoinedAsync(first, firstAccepted);
        using Socket second = await DialAsync("three");
        using Socket secondAccepted = await _server.AcceptSocketAsync(_patience.Token);
        await AssertJoinedAsync(second, secondAccepted);
        await Assert.ThrowsAsync<SocketException>(() => DialAsync("one"));
    }

    [Fact]
    public async Task Networks_of_all_addresses_open_no_address_of_the_parent()
    {
        using var server = TcpListener.Create(0);
        server.Start();
        int port = ((IPEndPoint)server.LocalEndpoint).Port;
        await File.WriteAllTextAsync(
            Config,
            string.Create(CultureInfo.InvariantCulture, $"allowlist:\n- {{address: 0.0.0.0/0, port: {port}}}\n- {{address: '::/0', port: {port}}}\nlisteners:\n{Connect("one")}"));
        await using RunningProgram proxy = Start();
        await proxy.WaitForOutputAsync("ready unix:");
        IEnumerable<string> own = NetworkInterface.GetAllNetworkInterfaces().SelectMany(one => one.GetIPProperties().UnicastAddresses)
            .Select(one => one.Address.AddressFamily == AddressFamily.InterNetwork ? $"{one.Address}" : $"[{one.Address}]");

        var answers = new List<string>();
        foreach (string host in own.Concat(["[::1%1]", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]"]))
        {
            using Socket client = await DialAsync("one");
            await client.SendAsync(Encoding.ASCII.GetBytes($"CONNECT {host}:{port} HTTP/1.1\r\n\r\n"), _patience.Token);
            client.Shutdown(SocketShutdown.Send);
            answers.Add($"{host} {(await client.ReadToEndAsync(_patience.Token))[..12]}");
        }

        // Other forms of an address are bad requests.
        Assert.All(answers, answer => Assert.EndsWith(answer.Contains('%', StringComparison.Ordinal) || answer.Contains("ffff:", StringComparison.Ordinal) ? " HTTP/1.1 400" : " HTTP/1.1 403", answer, StringComparison.Ordinal));
        Assert.False(server.Pending());
    }

    [Theory]
    [InlineData("allowlist: }", ":1: not valid YAML: ")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 'unix:/nonexistent/x', mode: connect}", "Could not listen on unix:/nonexistent/x: The directory of the Unix socket does not exist")]
    [InlineData("allowlist: []\nlisteners:\n- {local_port: 8000, remote_addr: 127.0.0.1, remote_port: 1}", ":3: tcp:127.0.0.1:1 is not in the allowlist")]
    [InlineData("allowlist: []", "the key 'listeners' is missing")]
    [InlineData(null, ": does not exist")]
    public async Task Reload_of_what_is_not_in_order_keeps_the_old_rules_and_says_so(string? text, string reason)
    {
        await WriteAsync(Connect("one"));
        await using RunningProgram proxy = Start("--metrics", "127.0.0.1:0");
        await proxy.WaitForOutputAsync("ready unix:");
        string metrics = await FindMetricsAsync(proxy);

        if (text is null)
        {
            File.Delete(Config);
        }
        else
        {
            await File.WriteAllTextAsync(Config, text);
        }

        proxy.HangUp();
        string line = await proxy.WaitForErrorAsync("the file was not taken, the old rules hold: ");

        Assert.Contains(reason, line, StringComparison.Ordinal);
        using Socket client = await DialAsync("one");
        await client.SendAsync(Encoding.ASCII.GetBytes($"CONNECT 127.0.0.1:{Port} HTTP/1.1\r\n\r\n"), _patience.Token);
        using Socket accepted = await _server.AcceptSocketAsync(_patience.Token);
        using var http = new HttpClient();
        Assert.Contains("kmstool_vsock_proxy_reloads_total{result=\"failed\"} 1\n", await http.GetStringAsync(metrics, _patience.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_tell_what_has_passed()
    {
        await WriteAsync(Fixed("one"));
        await using RunningProgram proxy = Start("--metrics", "127.0.0.1:0");
        string metrics = await FindMetricsAsync(proxy);
        using Socket client = await DialAsync("one");
        using Socket accepted = await _server.AcceptSocketAsync(_patience.Token);
        await AssertJoinedAsync(client, accepted);

        using var http = new HttpClient();
        HttpResponseMessage response = await http.GetAsync(new Uri(metrics), _patience.Token);
        string during = await response.Content.ReadAsStringAsync(_patience.Token);
        client.Shutdown(SocketShutdown.Send);
        accepted.Shutdown(SocketShutdown.Send);
        await proxy.WaitForErrorAsync("Closed: both sides closed");
        string after = await http.GetStringAsync(metrics, _patience.Token);

        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        string listener = $"{{listener=\"unix:{_directory["one"]}\"";
        Assert.Contains($"connections_accepted_total{listener}}} 1\n", during, StringComparison.Ordinal);
        Assert.Contains($"connections_active{listener}}} 1\n", during, StringComparison.Ordinal);
        Assert.Contains($"bytes_total{listener},direction=\"up\"}} 1\n", during, StringComparison.Ordinal);
        Assert.Contains($"connections_active{listener}}} 0\n", after, StringComparison.Ordinal);
        Assert.Contains($"connections_ended_total{listener},reason=\"closed\"}} 1\n", after, StringComparison.Ordinal);
        Assert.Contains($"connect_seconds_count{listener}}} 1\n", after, StringComparison.Ordinal);
        Assert.Contains($"connection_duration_seconds_bucket{listener},le=\"+Inf\"}} 1\n", after, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_anything_else_is_refused_and_the_next_is_answered()
    {
        await WriteAsync(Fixed("one"));
        await using RunningProgram proxy = Start("--metrics", "127.0.0.1:0");
        var metrics = new Uri(await FindMetricsAsync(proxy));
        using var http = new HttpClient();
        using var hostile = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await hostile.ConnectAsync(new IPEndPoint(IPAddress.Loopback, metrics.Port), _patience.Token);
        await hostile.SendAsync(new byte[9000], _patience.Token);
        hostile.Dispose();

        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri(metrics, "/"), _patience.Token)).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await http.PostAsync(metrics, null, _patience.Token)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(metrics, _patience.Token)).StatusCode);
    }

    [Fact]
    public async Task SIGTERM_lets_connections_end_and_SIGTERM_again_does_not()
    {
        await WriteAsync(Fixed("one"));
        await using RunningProgram proxy = Start("--drain-timeout", "600");
        await proxy.WaitForOutputAsync("ready");
        using Socket client = await DialAsync("one");
        using Socket accepted = await _server.AcceptSocketAsync(_patience.Token);

        proxy.Terminate();
        await proxy.WaitForErrorAsync("ending; waits up to 600 s for 1 connections");
        await AssertJoinedAsync(client, accepted);
        await Assert.ThrowsAsync<SocketException>(() => DialAsync("one"));
        proxy.Terminate();

        Assert.NotEqual(0, (await proxy.WaitForExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Service_manager_is_told()
    {
        await WriteAsync(Fixed("one"));
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(_directory["notify"]));
        await using RunningProgram proxy = ProgramRunner.Start(
            "kmstool-instance", ["vsock-proxy", "--config", Config], new Dictionary<string, string> { ["NOTIFY_SOCKET"] = _directory["notify"] });

        Assert.Equal("READY=1\nSTATUS=relaying", await ReceiveAsync(manager));
        await File.WriteAllTextAsync(Config, "x");
        proxy.HangUp();
        Assert.StartsWith("STATUS=relaying by old rules", await ReceiveAsync(manager), StringComparison.Ordinal);
        proxy.Terminate();
        Assert.Equal("STOPPING=1", await ReceiveAsync(manager));
        Assert.Equal(0, (await proxy.WaitForExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Check_tells_what_would_be_done_and_what_is_wrong()
    {
        await WriteAsync(Fixed("one"), Connect("two"));
        ProgramResult good = await ProgramRunner.RunAsync("kmstool-instance", ["vsock-proxy", "--config", Config, "--check"]);
        await File.WriteAllTextAsync(Config, "allowlist: 1");
        ProgramResult bad = await ProgramRunner.RunAsync("kmstool-instance", ["vsock-proxy", "--config", Config, "--check"]);

        Assert.Equal(
            (0, $"unix:{_directory["one"]} leads to tcp:127.0.0.1:{Port}\nunix:{_directory["two"]} leads to what CONNECT asks for\n"), (good.ExitCode, good.Output));
        Assert.Equal((2, ""), (bad.ExitCode, bad.Output));
        Assert.Contains(Config + ":1: expected a list of destinations", bad.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory["one"]));
    }

    [Theory]
    [InlineData("unix:/tmp/x 127.0.0.1 443", "it has listeners; leave LOCAL_PORT REMOTE_ADDR REMOTE_PORT away")]
    [InlineData("unix:/tmp/x", "takes LOCAL_PORT REMOTE_ADDR REMOTE_PORT together")]
    [InlineData("3 8000 kms.us-east-1.amazonaws.com 443", "Write '8000 kms.us-east-1.amazonaws.com 443'")]
    [InlineData("3 8000 kms.us-east-1.amazonaws.com", "LOCAL_PORT REMOTE_ADDR REMOTE_PORT")]
    [InlineData("8000 443 kms.us-east-1.amazonaws.com", "LOCAL_PORT REMOTE_ADDR REMOTE_PORT")]
    [InlineData("kms.us-east-1.amazonaws.com 443 8000", "LOCAL_PORT REMOTE_ADDR REMOTE_PORT")]
    [InlineData("8000 kms.us-east-1.amazonaws.com:443", "LOCAL_PORT REMOTE_ADDR REMOTE_PORT")]
    [InlineData("vsock:3:8000 8000 443", "'8000'")]
    [InlineData("--metrics 9100", "--metrics '9100' is not an IP address and port")]
    [InlineData("--metrics localhost:9100", "--metrics 'localhost:9100' is not an IP address and port")]
    [InlineData("--max-per-peer x", "--max-per-peer 'x' is not a number from 0 to 100000")]
    [InlineData("--when-full drop", "'drop' not recognized")]
    public async Task Arguments_that_cannot_be_are_refused(string arguments, string reason)
    {
        await WriteAsync(Connect("one"));

        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["vsock-proxy", "--config", Config, .. arguments.Split(' ')]);

        Assert.Equal((2, ""), (result.ExitCode, result.Output));
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arguments_and_listeners_both_missing_are_refused()
    {
        await File.WriteAllTextAsync(Config, "allowlist: []");

        ProgramResult result = await ProgramRunner.RunAsync("kmstool-instance", ["vsock-proxy", "--config", Config]);

        Assert.Equal(2, result.ExitCode);
        Assert.Contains("the key 'listeners' is missing; without it, LOCAL_PORT REMOTE_ADDR REMOTE_PORT say what to do", result.Error, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _server.Dispose();
        _patience.Dispose();
        _directory.Dispose();
    }

    private RunningProgram Start(params string[] options) =>
        ProgramRunner.Start("kmstool-instance", ["vsock-proxy", "--config", Config, .. options]);

    private Task WriteAsync(params string[] listeners) => File.WriteAllTextAsync(
        Config,
        string.Create(CultureInfo.InvariantCulture, $"allowlist:\n- {{address: 127.0.0.1, port: {Port}}}\nlisteners:\n{string.Concat(listeners)}"));

    private string Fixed(string name) => string.Create(
        CultureInfo.InvariantCulture, $"- {{local_port: \"unix:{_directory[name]}\", remote_addr: 127.0.0.1, remote_port: {Port}}}\n");

    private string Connect(string name) => $"- {{local_port: \"unix:{_directory[name]}\", mode: connect}}\n";

    private static async Task<string> FindMetricsAsync(RunningProgram proxy)
    {
        const string Prefix = "metrics at tcp:";
        string line = await proxy.WaitForErrorAsync(Prefix);
        return $"http://{line[(line.IndexOf(Prefix, StringComparison.Ordinal) + Prefix.Length)..]}/metrics";
    }

    private async Task<Socket> DialAsync(string name)
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(_directory[name]), _patience.Token);
        return client;
    }

    private async Task AssertJoinedAsync(Socket one, Socket other)
    {
        await one.SendAsync("x"u8.ToArray(), _patience.Token);
        Assert.Equal(1, await other.ReceiveAsync(new byte[1], _patience.Token));
    }

    private async Task<string> ReceiveAsync(Socket manager)
    {
        byte[] buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, await manager.ReceiveAsync(buffer, _patience.Token));
    }
}
