using KmsTool.Benchmarks.Processes;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Proxy;

/// <summary>All measurements. Progress goes to stderr.</summary>
internal sealed class ProxyRun(ProxyOptions options)
{
    private const int ManyStreams = 64;
    private const int ManyClients = 32;

    // The destination's threads beyond the load's connections, for those that are still being closed.
    private const int SpareThreads = 4;

    // A proxy's code is compiled again where it is hot: a round that does not count has it done.
    private const int WarmUpRound = 0;

    private static readonly PathKind[] Compared = [PathKind.Direct, PathKind.Socat, PathKind.Kmstool];

    /// <exception cref="CommandFailedException">A program is missing, or fails under a load.</exception>
    public async Task<ProxyReport> RunAsync(CancellationToken cancellationToken)
    {
        var report = new ProxyReport(options) { OpenFiles = OpenFileLimit.Raise(ProxyTestbed.Descriptors) };
        if (options.Parts.Contains(ProxyPart.Throughput))
        {
            report.Streams.AddRange(await MeasureThroughputAsync(cancellationToken));
        }

        if (options.Parts.Contains(ProxyPart.Connections))
        {
            report.Connections.AddRange(await MeasureConnectionsAsync(cancellationToken));
        }

        if (options.Parts.Contains(ProxyPart.RoundTrip))
        {
            report.RoundTrips.AddRange(await MeasureRoundTripsAsync(cancellationToken));
        }

        if (options.Parts.Contains(ProxyPart.Idle))
        {
            report.Idle.AddRange(await MeasureIdleAsync(cancellationToken));
        }

        return report;
    }

    private async Task<List<Series>> MeasureThroughputAsync(CancellationToken cancellationToken)
    {
        await using ProxyTestbed testbed = await ProxyTestbed.StartAsync(options, Compared, ManyStreams + SpareThreads, cancellationToken);
        var series = new List<Series>();
        foreach (int streams in (int[])[1, ManyStreams])
        {
            series.Add(await MeasureLoadAsync(Name("up"), streams, testbed, path => new UploadLoad(path.Entrance, testbed.Destination), cancellationToken));
            series.Add(await MeasureLoadAsync(Name("down"), streams, testbed, path => new DownloadLoad(path.Entrance, testbed.Destination), cancellationToken));

            string Name(string direction) => $"{streams} {(streams == 1 ? "stream" : "streams")} {direction}";
        }

        return series;
    }

    private async Task<List<Series>> MeasureConnectionsAsync(CancellationToken cancellationToken)
    {
        await using ProxyTestbed testbed = await ProxyTestbed.StartAsync(options, Compared, ManyClients + SpareThreads, cancellationToken);
        return
        [
            await MeasureLoadAsync("one after the other", 1, testbed, static path => new ConnectionLoad(path.Entrance), cancellationToken),
            await MeasureLoadAsync($"by {ManyClients} clients", ManyClients, testbed, static path => new ConnectionLoad(path.Entrance), cancellationToken),
        ];
    }

    private async Task<List<RoundTripSample>> MeasureRoundTripsAsync(CancellationToken cancellationToken)
    {
        await using ProxyTestbed testbed = await ProxyTestbed.StartAsync(options, Enum.GetValues<PathKind>(), 1 + SpareThreads, cancellationToken);
        return await RepeatAsync("round trips", testbed.Paths,
            (path, round, duration) => RoundTrips.MeasureAsync(path, round, duration, cancellationToken));
    }

    private async Task<List<IdleSample>> MeasureIdleAsync(CancellationToken cancellationToken)
    {
        var results = new List<IdleSample>();
        foreach (PathKind kind in Compared)
        {
            Tell($"idle connections, {kind}");
            // 10,000 processes of socat would say nothing more than 1,000.
            int[] counts = kind == PathKind.Socat ? [options.IdleConnections] : [options.IdleConnections, options.ManyIdleConnections];
            await using ProxyTestbed testbed = await ProxyTestbed.StartAsync(options, [kind], 1 + SpareThreads, cancellationToken);
            results.AddRange(await IdleMeasurement.MeasureAsync(testbed.Paths[0], counts, cancellationToken));
        }

        return results;
    }

    private async Task<Series> MeasureLoadAsync(
        string name, int clients, ProxyTestbed testbed, Func<MeasuredPath, ILoad> createLoad, CancellationToken cancellationToken) => new(name,
        await RepeatAsync(name, testbed.Paths,
            (path, round, duration) => LoadWindow.MeasureAsync(createLoad(path), clients, path, round, duration, cancellationToken)));

    // The paths take turns, and another begins each round: what disturbs the machine, disturbs all of them.
    private async Task<List<T>> RepeatAsync<T>(string name, IReadOnlyList<MeasuredPath> paths, Func<MeasuredPath, int, TimeSpan, Task<T>> measure)
    {
        Tell(name);
        var results = new List<T>();
        for (int round = WarmUpRound; round <= options.Rounds; round++)
        {
            for (int turn = 0; turn < paths.Count; turn++)
            {
                MeasuredPath path = paths[(round + turn) % paths.Count];
                T result = await measure(path, round, round == WarmUpRound ? options.Duration / 2 : options.Duration);
                if (round != WarmUpRound)
                {
                    results.Add(result);
                }
            }
        }

        return results;
    }

    private static void Tell(string progress) => Console.Error.WriteLine(progress);
}
