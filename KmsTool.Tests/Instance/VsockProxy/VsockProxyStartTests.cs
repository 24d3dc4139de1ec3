using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KmsTool.Instance.Commands;
using KmsTool.Instance.VsockProxy;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Instance.VsockProxy;

/// <summary>The program where it does not get as far as relaying.</summary>
[Collection(ProcessWideState.Name)]
public sealed class VsockProxyStartTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    // The action would set it for all of this process.
    private readonly EnvironmentScope _environment = new(new Dictionary<string, string?>
    {
        ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "0",
        ["DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"] = "1",
    });

    [Fact]
    public async Task Metrics_address_that_is_taken_leaves_no_socket_file()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string metrics = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}");

        ProgramResult result = await ProgramRunner.RunAsync(
            "kmstool-instance", ["vsock-proxy", "unix:" + _directory["p"], "127.0.0.1", "9", "--metrics", metrics]);

        Assert.Equal(4, result.ExitCode);
        Assert.Contains($"Could not listen on tcp:{metrics} for --metrics", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory["p"]));
    }

    [Fact]
    public async Task RunAsync_told_to_end_while_a_name_is_looked_up_ends_well()
    {
        await File.WriteAllTextAsync(_directory["allow.yaml"], "allowlist: [{address: 10.0.0.1, port: 443}]");
        using var stop = new CancellationTokenSource();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var answered = new ManualResetEventSlim();
        var action = new VsockProxyAction(
            new ProxyArguments(new StreamAddress.Unix(_directory["p"]), new StreamAddress.Tcp("slow.test", 443), _directory["allow.yaml"], NeedsFile: false),
            new ProxySettings(),
            metricsAddress: null,
            (_, _) =>
            {
                asked.SetResult();
                answered.Wait();
                return [];
            },
            new RecordingLogger());

        Task running = action.RunAsync(stop.Token);
        await asked.Task;
        await stop.CancelAsync();

        await running;
        answered.Set();
        Assert.False(File.Exists(_directory["p"]));
    }

    public void Dispose()
    {
        _environment.Dispose();
        _directory.Dispose();
    }
}
