using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Networking.Relaying;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary>The program as a process, with few descriptors.</summary>
public sealed class VsockProxyDescriptorTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromSeconds(60));
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);

    [Fact]
    public async Task Reload_with_open_connections_of_listeners_that_are_no_more_stays_within_the_descriptors()
    {
        // Room for some thirty connections.
        const int Count = 30;
        _server.Start(5 * Count);
        Task echo = EchoAllAsync();
        await WriteAsync("0");
        await using RunningProgram proxy = ProgramRunner.Start(
            "/bin/sh",
            [
                "-c", "ulimit -n 370; exec \"$0\" \"$@\"", Path.Combine(AppContext.BaseDirectory, "kmstool-instance"),
                "vsock-proxy", "--config", _directory["proxy.yaml"],
            ]);
        await proxy.WaitForOutputAsync("ready");

        var clients = new List<Socket>();
        for (int i = 0; i < 4; i++)
        {
            for (int j = 0; j < Count; j++)
            {
                Socket client = await StreamConnector.ConnectAsync(new StreamAddress.Unix(_directory[$"{i}"]), null, _patience.Token);
                await client.SendAsync("x"u8.ToArray(), _patience.Token);
                clients.Add(client);
            }

            // Those of the first listener have their answer; what waits in its queue later on is lost with it.
            if (i == 0)
            {
                Assert.All(await Task.WhenAll(clients.Select(AnswerAsync)), answered => Assert.True(answered));
            }

            await WriteAsync($"{i + 1}");
            proxy.HangUp();
            await proxy.WaitForErrorAsync($"read the file again; listens on unix:{_directory[$"{i + 1}"]}");
        }

        clients.ForEach(client => client.Dispose());
        using Socket last = await StreamConnector.ConnectAsync(new StreamAddress.Unix(_directory["4"]), null, _patience.Token);
        await last.SendAsync("x"u8.ToArray(), _patience.Token);
        Assert.True(await AnswerAsync(last));
        last.Dispose();
        proxy.Terminate();
        ProgramResult result = await proxy.WaitForExitAsync();
        Assert.Equal(0, result.ExitCode);
        Assert.DoesNotContain("Too many open files", result.Error, StringComparison.Ordinal);
        _server.Dispose();
        await echo;
    }

    public void Dispose()
    {
        _server.Dispose();
        _patience.Dispose();
        _directory.Dispose();
    }

    private Task WriteAsync(string name)
    {
        int port = ((IPEndPoint)_server.LocalEndpoint).Port;
        return File.WriteAllTextAsync(
            _directory["proxy.yaml"],
            string.Create(CultureInfo.InvariantCulture, $$"""
                allowlist: [{address: 127.0.0.1, port: {{port}}}]
                listeners: [{local_port: "unix:{{_directory[name]}}", remote_addr: 127.0.0.1, remote_port: {{port}}}]
                """));
    }

    private async Task<bool> AnswerAsync(Socket client) => await client.ReceiveAsync(new byte[1], _patience.Token) == 1;

    private async Task EchoAllAsync()
    {
        try
        {
            while (true)
            {
                _ = EchoAsync(await _server.AcceptSocketAsync(_patience.Token));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task EchoAsync(Socket accepted)
    {
        using (accepted)
        {
            if (await AnswerAsync(accepted))
            {
                await accepted.SendAsync("x"u8.ToArray(), _patience.Token);
            }

            await accepted.ReadToEndAsync(_patience.Token);
        }
    }
}
