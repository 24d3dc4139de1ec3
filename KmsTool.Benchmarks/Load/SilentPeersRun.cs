using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Load;

/// <summary>
/// The published KMS proxy and its egress while peers connect, stay silent and connect anew as soon as they are ended: how long
/// others wait for their answers. Each call is one on a connection of its own, tried again when the connection is ended first, as
/// SDKs do.
/// </summary>
internal sealed class SilentPeersRun(LoadOptions options, Testbed testbed, EchoDestination destination)
{
    private const int Callers = 4;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan BetweenCalls = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FillPatience = TimeSpan.FromSeconds(20);

    /// <returns>The figures, as Markdown, and whether each call was answered in time.</returns>
    public async Task<(string Text, bool IsMet)> RunAsync(CancellationToken cancellationToken)
    {
        await using StartedProgram proxy = testbed.StartKmsProxy(out string environmentFile);
        await proxy.WaitUntilReadyAsync(cancellationToken);
        Dictionary<string, string> exports = SimulatedAws.ReadExports(environmentFile);
        IPEndPoint kms = EndPointOf(exports["AWS_ENDPOINT_URL_KMS"]);
        IPEndPoint egress = EndPointOf(exports["https_proxy"]);

        var results = new List<Result>
        {
            await MeasureAsync("signed calls of the KMS proxy", kms, Decrypt, cancellationToken),
            await MeasureAsync("tunnels of egress", egress, () => OpenTunnel(egress).Dispose(), cancellationToken),
        };
        return (Describe(results), results.TrueForAll(static result => result.Worst < Longest && result.Calls > 0));

        void Decrypt()
        {
            using var worker = new KmsProxyWorker(environmentFile, testbed.Sample);
            worker.Work();
        }
    }

    private async Task<Result> MeasureAsync(string name, IPEndPoint server, Action call, CancellationToken cancellationToken)
    {
        call();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var peers = new SilentPeers(server, options.Connections, stop.Token);
        using (var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken))
        {
            patience.CancelAfter(FillPatience);
            await peers.AllConnected.WaitAsync(patience.Token);
        }

        long before = peers.Connects;
        long began = Stopwatch.GetTimestamp();
        Task<(List<TimeSpan> Times, int Retries)>[] callers = [.. Enumerable.Range(0, Callers).Select(_ => Task.Factory.StartNew(
            () => Call(call, began, cancellationToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        (List<TimeSpan> Times, int Retries)[] done = await Task.WhenAll(callers);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var result = new Result(name, [.. done.SelectMany(static caller => caller.Times).Order()], done.Sum(static caller => caller.Retries), (peers.Connects - before) / seconds);
        await stop.CancelAsync();
        Console.Error.WriteLine($"{name}: {result.Calls}, worst {result.Worst.TotalMilliseconds:F0} ms");
        return result;
    }

    private (List<TimeSpan> Times, int Retries) Call(Action call, long began, CancellationToken cancellationToken)
    {
        var times = new List<TimeSpan>();
        int retries = 0;
        while (Stopwatch.GetElapsedTime(began) < options.Duration && !cancellationToken.IsCancellationRequested)
        {
            long start = Stopwatch.GetTimestamp();
            while (true)
            {
                try
                {
                    call();
                    break;
                }
                catch (SocketException) when (Stopwatch.GetElapsedTime(start) < RetryPatience)
                {
                    retries++;
                }
            }

            times.Add(Stopwatch.GetElapsedTime(start));
            cancellationToken.WaitHandle.WaitOne(BetweenCalls);
        }

        return (times, retries);
    }

    private Socket OpenTunnel(IPEndPoint egress)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.NoDelay, true);
            socket.Connect(egress);
            socket.Send(Encoding.ASCII.GetBytes($"CONNECT {destination.Authority} HTTP/1.1\r\n\r\nx"));
            byte[] answer = new byte[256];
            int length = 0;
            // The answer to CONNECT, and the byte that comes back.
            while (!answer.AsSpan(0, length).EndsWith("\r\n\r\nx"u8))
            {
                int received = socket.Receive(answer.AsSpan(length));
                if (received == 0)
                {
                    throw new SocketException((int)SocketError.ConnectionReset);
                }

                length += received;
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static IPEndPoint EndPointOf(string url)
    {
        var address = new Uri(url);
        return new IPEndPoint(IPAddress.Parse(address.Host), address.Port);
    }

    private string Describe(List<Result> results)
    {
        var text = new StringBuilder($"Machine: {MachineFacts.Describe()}.\n\n");
        text.Append(CultureInfo.InvariantCulture, $"| while {options.Connections} silent peers connect anew, {options.Duration.TotalSeconds:F0} s | calls | tried again | p50 ms | p99 ms | worst ms | aim | met | connections of the peers per second |\n");
        text.Append("|---|---|---|---|---|---|---|---|---|\n");
        foreach (Result result in results)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"| {result.Name} | {result.Calls} | {result.Retries} | {result.Percentile(0.5):F1} | {result.Percentile(0.99):F1} | {result.Worst.TotalMilliseconds:F1} | < {Longest.TotalMilliseconds} | {(result.Worst < Longest ? "yes" : "no")} | {result.ConnectsPerSecond:F0} |\n");
        }

        return text.ToString();
    }

    private sealed record Result(string Name, TimeSpan[] Times, int Retries, double ConnectsPerSecond)
    {
        public int Calls => Times.Length;

        public TimeSpan Worst => Times.Length == 0 ? TimeSpan.Zero : Times[^1];

        public double Percentile(double share) => Times.Length == 0 ? 0 : Times[(int)(share * (Times.Length - 1))].TotalMilliseconds;
    }

    /// <summary>Peers that say nothing, and connect anew when they are ended.</summary>
    private sealed class SilentPeers : IDisposable
    {
        private static readonly TimeSpan ConnectPause = TimeSpan.FromMilliseconds(10);

        private readonly CancellationTokenSource _stop;
        private readonly Task[] _peers;
        private readonly TaskCompletionSource _allConnected = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _first;
        private long _connects;

        public SilentPeers(IPEndPoint server, int count, CancellationToken cancellationToken)
        {
            _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            _first = count;
            _peers = [.. Enumerable.Range(0, count).Select(_ => Task.Run(() => StayAsync(server, _stop.Token)))];
        }

        /// <summary>Completes when each has connected once.</summary>
        public Task AllConnected => _allConnected.Task;

        public long Connects => Volatile.Read(ref _connects);

        public void Dispose()
        {
            _stop.Cancel();
            Task.WaitAll(_peers);
            _stop.Dispose();
        }

        private async Task StayAsync(IPEndPoint server, CancellationToken cancellationToken)
        {
            bool isFirst = true;
            byte[] buffer = new byte[1];
            while (!cancellationToken.IsCancellationRequested)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync(server, cancellationToken);
                    Interlocked.Increment(ref _connects);
                    if (isFirst && Interlocked.Decrement(ref _first) == 0)
                    {
                        _allConnected.SetResult();
                    }

                    isFirst = false;
                    await socket.ReceiveAsync(buffer, cancellationToken);
                }
                catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressAlreadyInUse)
                {
                    // All ports wait for the time that TCP keeps them back.
                    await Task.Delay(ConnectPause, CancellationToken.None);
                }
                catch (Exception e) when (e is SocketException or OperationCanceledException)
                {
                    // Ended by the server, or told to stop.
                }
            }
        }
    }
}
