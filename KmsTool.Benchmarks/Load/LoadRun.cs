using System.Diagnostics;
using System.Net.Sockets;
using KmsTool.Benchmarks.Processes;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Load;

/// <summary>All measurements, one after the other. Progress goes to stderr.</summary>
internal sealed class LoadRun(LoadOptions options, Testbed testbed) : IDisposable
{
    private readonly RsaBaseline _baseline = new();

    // The code is compiled ahead of time and again where it is hot; this is enough for the second to have happened.
    private static readonly LoadBounds WarmUp = new(Workers: 8, Duration: TimeSpan.FromSeconds(15), Operations: 5000);

    // A machine that is busy with other things needs longer than this only when something is wrong.
    private static readonly TimeSpan LongestMemoryLoad = TimeSpan.FromMinutes(10);

    // The enclave gives memory back some seconds after a burst.
    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ProbePause = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan LongestAccept = TimeSpan.FromSeconds(60);

    public async Task<LoadReport> RunAsync(CancellationToken cancellationToken)
    {
        var report = new LoadReport(options, testbed.Proxy is not null)
        {
            ProgramBytes = new FileInfo(Testbed.FindProgram(options, "kmstool-enclave")).Length,
        };
        if (options.Starts > 0)
        {
            report.Starts.AddRange(await MeasureStartsAsync(cancellationToken));
        }

        if (options.Duration > TimeSpan.Zero)
        {
            report.Loads.AddRange(await MeasureLoadsAsync(cancellationToken));
        }

        if (options.MemoryDecrypts > 0)
        {
            report.Memory.AddRange(await MeasureMemoryAsync(cancellationToken));
        }

        if (options.IdleConnections > 0)
        {
            report.Idle = await MeasureIdleAsync(cancellationToken);
        }

        return report;
    }

    public void Dispose() => _baseline.Dispose();

    private async Task<List<StartResult>> MeasureStartsAsync(CancellationToken cancellationToken)
    {
        Tell($"{options.Starts} starts");
        var starts = new List<StartResult>();
        for (int i = 0; i < options.Starts; i++)
        {
            long began = Stopwatch.GetTimestamp();
            await using StartedProgram enclave = testbed.StartEnclave();
            await enclave.WaitUntilReadyAsync(cancellationToken);
            TimeSpan ready = Stopwatch.GetElapsedTime(began);
            TimeSpan cpu = enclave.Usage.Cpu;
            using (var worker = new SessionWorker(testbed.Messages, testbed.Enclave))
            {
                worker.Work();
            }

            starts.Add(new StartResult(ready, cpu, Stopwatch.GetElapsedTime(began)));
        }

        return starts;
    }

    private async Task<List<LoadResult>> MeasureLoadsAsync(CancellationToken cancellationToken)
    {
        await using StartedProgram enclave = testbed.StartEnclave();
        await enclave.WaitUntilReadyAsync(cancellationToken);
        var generator = new LoadGenerator(testbed, enclave, _baseline);
        Tell("warm-up");
        await generator.RunAsync("warm-up", WarmUp, CreateDecryptWorker, cancellationToken);
        var results = new List<LoadResult>();
        foreach (int workers in (int[])[1, options.Connections])
        {
            var bounds = new LoadBounds(workers, options.Duration, long.MaxValue);
            results.Add(await RunLoadAsync(generator, "SetClient+Decrypt sessions", bounds, CreateSessionWorker, cancellationToken));
            results.Add(await RunLoadAsync(generator, "Decrypts on open connections", bounds, CreateDecryptWorker, cancellationToken));
        }

        return results;
    }

    private async Task<List<MemoryResult>> MeasureMemoryAsync(CancellationToken cancellationToken)
    {
        await using StartedProgram enclave = testbed.StartEnclave();
        await enclave.WaitUntilReadyAsync(cancellationToken);
        var generator = new LoadGenerator(testbed, enclave, _baseline);
        var results = new List<MemoryResult> { new(0, enclave.Usage) };
        int done = 0;
        foreach (double share in (double[])[0.01, 0.1, 0.25, 0.5, 0.75, 1])
        {
            int next = (int)(options.MemoryDecrypts * share);
            LoadResult load = await RunLoadAsync(generator, "Decrypts until memory is read",
                new LoadBounds(options.Connections, LongestMemoryLoad, next - done), CreateDecryptWorker, cancellationToken);
            done += load.Operations;
            results.Add(new MemoryResult(done, enclave.Usage));
        }

        return results;
    }

    private async Task<IdleResult> MeasureIdleAsync(CancellationToken cancellationToken)
    {
        Tell($"{options.IdleConnections} idle connections");
        await using StartedProgram enclave = testbed.StartEnclave();
        await enclave.WaitUntilReadyAsync(cancellationToken);
        await new LoadGenerator(testbed, enclave, _baseline).RunAsync("warm-up", WarmUp, CreateDecryptWorker, cancellationToken);
        TimeSpan longestBefore = await ProbeAsync(cancellationToken);
        ProcessUsage before = enclave.Usage;
        int descriptorsBefore = ProcessUsage.CountDescriptors(enclave.Id);
        byte[] buffer = new byte[WireConnection.BufferLength];
        var connections = new List<WireConnection>(options.IdleConnections);
        try
        {
            long began = Stopwatch.GetTimestamp();
            for (int i = 0; i < options.IdleConnections; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var connection = new WireConnection(testbed.Messages, buffer);
                connections.Add(connection);
                connection.Connect(testbed.Enclave);
            }

            int accepted = await CountAcceptedAsync(enclave, descriptorsBefore, cancellationToken);
            TimeSpan opened = Stopwatch.GetElapsedTime(began);
            TimeSpan session = TimeSession();
            ProcessUsage silent = enclave.Usage;
            foreach (WireConnection connection in connections)
            {
                cancellationToken.ThrowIfCancellationRequested();
                connection.SetClient();
            }

            ProcessUsage withClient = enclave.Usage;
            TimeSpan besideClients = TimeSession();
            int stillOpen = connections.Count(static connection => !connection.IsDisturbed);
            connections.ForEach(static connection => connection.Dispose());
            connections.Clear();
            TimeSpan longestAfterwards = await ProbeAsync(cancellationToken);
            return new IdleResult
            {
                Accepted = accepted,
                Opened = opened,
                Before = before,
                Silent = silent,
                SessionBeside = session,
                WithClient = withClient,
                SessionBesideClients = besideClients,
                StillOpen = stillOpen,
                LongestSessionBefore = longestBefore,
                LongestSessionAfterwards = longestAfterwards,
                Afterwards = enclave.Usage,
            };
        }
        catch (SocketException e)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"Idle connection {connections.Count} could not be opened: {e.Message}. Does 'ulimit -n' allow that many?", e);
        }
        finally
        {
            connections.ForEach(static connection => connection.Dispose());
        }
    }

    // A Unix socket is connected before the enclave accepts it; what it has accepted, it has a descriptor for.
    private async Task<int> CountAcceptedAsync(StartedProgram enclave, int descriptorsBefore, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        int accepted;
        while ((accepted = ProcessUsage.CountDescriptors(enclave.Id) - descriptorsBefore) < options.IdleConnections
            && Stopwatch.GetElapsedTime(began) < LongestAccept)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }

        return Math.Min(accepted, options.IdleConnections);
    }

    private async Task<TimeSpan> ProbeAsync(CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        TimeSpan longest = TimeSpan.Zero;
        while (Stopwatch.GetElapsedTime(began) < ProbeTime)
        {
            TimeSpan session = TimeSession();
            longest = session > longest ? session : longest;
            await Task.Delay(ProbePause, cancellationToken);
        }

        return longest;
    }

    private TimeSpan TimeSession()
    {
        using var worker = new SessionWorker(testbed.Messages, testbed.Enclave);
        long began = Stopwatch.GetTimestamp();
        worker.Work();
        return Stopwatch.GetElapsedTime(began);
    }

    private static async Task<LoadResult> RunLoadAsync(
        LoadGenerator generator, string name, LoadBounds bounds, Func<IWorker> createWorker, CancellationToken cancellationToken)
    {
        LoadResult result = await generator.RunAsync(name, bounds, createWorker, cancellationToken);
        Tell($"{name}, {bounds.Workers} at once: {result.Operations}, {result.PerSecond:F0} per second");
        return result;
    }

    private SessionWorker CreateSessionWorker() => new(testbed.Messages, testbed.Enclave);

    private DecryptWorker CreateDecryptWorker() => new(testbed.Messages, testbed.Enclave);

    private static void Tell(string progress) => Console.Error.WriteLine(progress);
}
