using System.Globalization;
using KmsTool.Protocol.Sockets;
using KmsTool.Tests.Enclave;
using KmsTool.Tests.Simulator;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.EndToEnd;

/// <summary>
/// Whether memory goes back after many connections: <c>KmsTool.Benchmarks load</c> measures how much.
/// </summary>
public sealed class BurstTests : IAsyncLifetime, IDisposable
{
    private const int Connections = 600;

    // Much less than the connections take: pinned buffers before one that is still used stay, and how many those are is chance.
    private const long GivenBack = 4 * 1024 * 1024;

    private readonly TempDirectory _directory = new();
    private RunningSimulator _simulator = null!;

    public async Task InitializeAsync() => _simulator = await RunningSimulator.StartAsync();

    public async Task DisposeAsync() => await _simulator.DisposeAsync();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Memory_goes_back_after_many_connections()
    {
        var address = new StreamAddress.Unix(_directory["enclave"]);
        await using RunningProgram enclave = ProgramRunner.Start("kmstool-enclave",
        [
            "serve", "--listen", address.ToString(), "--nsm", _simulator.Host.NsmAddress.ToString(), "--ca-bundle", _simulator.Host.Files.CaBundle,
            "--message-budget", "134217728", "--log-level", "none",
        ]);
        await enclave.WaitForOutputAsync("ready");
        await using EnclavePeer user = await EnclavePeer.ConnectAsync(address);
        for (int i = 0; i < 100; i++)
        {
            await DescribeAsync(user);
        }

        long before = ReadResident(enclave);
        var peers = new List<EnclavePeer>();
        string half = """{"Operation":""" + new string(' ', 50_000);
        for (int i = 0; i < Connections; i++)
        {
            peers.Add(await EnclavePeer.ConnectAsync(address));
            await peers[i].SendAsync(half);
        }

        // All of it has arrived when it has grown by half of that.
        await WaitUntilAsync(() => ReadResident(enclave) > before + (Connections * half.Length / 2), user);
        long peak = ReadResident(enclave);
        foreach (EnclavePeer peer in peers)
        {
            await peer.DisposeAsync();
        }

        await WaitUntilAsync(() => ReadResident(enclave) < peak - GivenBack, user);
    }

    /// <summary>Meanwhile the enclave is used.</summary>
    private static async Task WaitUntilAsync(Func<bool> isReached, EnclavePeer user)
    {
        using var patience = new CancellationTokenSource(EnclavePeer.Patience);
        while (!isReached())
        {
            await DescribeAsync(user);
            await Task.Delay(TimeSpan.FromMilliseconds(50), patience.Token);
        }
    }

    private static async Task DescribeAsync(EnclavePeer peer) =>
        Assert.Contains("\"Status\":\"Ok\"", await peer.AskAsync("""{"Operation":"Describe"}"""), StringComparison.Ordinal);

    private static long ReadResident(RunningProgram program)
    {
        string line = File.ReadLines($"/proc/{program.Id}/status").Single(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line["VmRSS:".Length..^"kB".Length], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
    }
}
