using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KmsTool.CommandLine;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary><c>--config</c>, <c>-4</c> and <c>-6</c> of the program as a process.</summary>
public sealed class VsockProxyConfigTests : IDisposable
{
    private const string DefaultPath = "/etc/nitro_enclaves/vsock-proxy.yaml";

    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));

    private string Config => _directory["allow.yaml"];

    private string Address => "unix:" + _directory["proxy.sock"];

    [Fact]
    public async Task Listed_destination_is_served_under_the_name_of_the_original()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        string port = ((IPEndPoint)server.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(Config, $"version: 1\nallowlist:\n- {{address: 127.0.0.1, port: {port}}}\n");
        string program = LinkedProgram.Create(_directory, "kmstool-instance", "vsock-proxy");
        await using RunningProgram proxy = ProgramRunner.Start(program, ["-4", "-w", "20", "--config", Config, Address, "127.0.0.1", port]);
        await proxy.WaitForOutputAsync("ready " + Address);

        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(_directory["proxy.sock"]), _patience.Token);
        using Socket accepted = await server.AcceptSocketAsync(_patience.Token);
        await client.SendAsync("x"u8.ToArray(), _patience.Token);

        Assert.Equal(1, await accepted.ReceiveAsync(new byte[1], _patience.Token));
        await proxy.WaitForErrorAsync($"tcp:127.0.0.1:{port} is allowed by {Config}");
        await proxy.WaitForErrorAsync($"{Config}:1: the unknown key 'version' is ignored");
    }

    [Fact]
    public async Task Destination_that_is_not_listed_is_refused()
    {
        await File.WriteAllTextAsync(Config, "allowlist:\n- {address: 127.0.0.1, port: 443}\n");

        ProgramResult result = await RunAsync("--config", Config, Address, "127.0.0.2", "443");

        AssertRefused(result, $"The proxy cannot start: {Config}: tcp:127.0.0.2:443 is not in the allowlist.");
    }

    [Fact]
    public async Task Broken_file_is_refused_with_its_line()
    {
        await File.WriteAllTextAsync(Config, "allowlist:\n- {address: 127.0.0.1, port: 443}\n- {address: 127.0.0.1, port: 70000}\n");

        ProgramResult result = await RunAsync("--config", Config, Address, "127.0.0.1", "443");

        AssertRefused(result, $"The proxy cannot start: {Config}:3: port '70000' is not a number from 1 to 65535, nor two of them as in 8000-8099.");
    }

    [Fact]
    public async Task File_that_is_no_YAML_is_refused_in_one_line()
    {
        await File.WriteAllTextAsync(Config, "allowlist: }\n");

        ProgramResult result = await RunAsync("--config", Config, Address, "127.0.0.1", "443");

        AssertRefused(result, $"The proxy cannot start: {Config}:1: not valid YAML: ");
    }

    [Fact]
    public async Task File_that_does_not_exist_is_refused()
    {
        ProgramResult result = await RunAsync("--config", _directory["missing"], Address, "127.0.0.1", "443");

        AssertRefused(result, $"The proxy cannot start: {_directory["missing"]}: does not exist; write it.");
    }

    [Fact]
    public async Task Without_any_allowlist_the_name_of_the_original_refuses_as_the_original_does()
    {
        Assert.False(File.Exists(DefaultPath), $"this test needs a machine without {DefaultPath}");
        string program = LinkedProgram.Create(_directory, "kmstool-instance", "vsock-proxy");

        ProgramResult result = await ProgramRunner.RunAsync(program, [Address, "127.0.0.1", "443"]);

        AssertRefused(result, $"The proxy cannot start: {DefaultPath}: does not exist; write it or name another with --config.");
    }

    [Theory]
    [InlineData("-4 -6", "127.0.0.1", "--ipv4 and --ipv6 exclude each other")]
    [InlineData("-4", "::1", "::1 is not an IPv4 address")]
    [InlineData("--ipv6", "127.0.0.1", "127.0.0.1 is not an IPv6 address")]
    [InlineData("-4", "127.1", "'127.1' is another way to write 127.0.0.1")]
    public async Task Family_that_cannot_be_is_refused(string options, string host, string expected)
    {
        ProgramResult result = await RunAsync([.. options.Split(' '), Address, host, "443"]);

        AssertRefused(result, expected);
    }

    public void Dispose()
    {
        _patience.Dispose();
        _directory.Dispose();
    }

    private static Task<ProgramResult> RunAsync(params string[] arguments) =>
        ProgramRunner.RunAsync("kmstool-instance", ["vsock-proxy", .. arguments]);

    private static void AssertRefused(ProgramResult result, string expected)
    {
        Assert.Equal(((int)ExitCode.WrongUsage, ""), (result.ExitCode, result.Output));
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
