using System.Globalization;
using System.Text;
using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Load;

/// <summary>The published KMS proxy beside the call that it makes, and its memory over many calls. Progress goes to stderr.</summary>
internal sealed class KmsProxyRun(LoadOptions options, Testbed testbed) : IDisposable
{
    private const double MaxAddedMilliseconds = 2;
    private const double MaxCpuMilliseconds = 1.2;
    private const double FlatWithin = 0.05;

    private static readonly LoadBounds WarmUp = new(Workers: 8, Duration: TimeSpan.FromSeconds(15), Operations: 5000);
    private static readonly TimeSpan LongestMemoryLoad = TimeSpan.FromMinutes(10);

    private readonly RsaBaseline _baseline = new();

    /// <returns>The figures, as Markdown.</returns>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        await using StartedProgram proxy = testbed.StartKmsProxy(out string environmentFile);
        await proxy.WaitUntilReadyAsync(cancellationToken);
        await using KmsCallWorker.Client client = await KmsCallWorker.Client.OpenAsync(testbed, cancellationToken);
        var generator = new LoadGenerator(testbed, proxy, _baseline);
        Func<IWorker> throughProxy = () => new KmsProxyWorker(environmentFile, testbed.Sample);
        Func<IWorker> call = () => new KmsCallWorker(client, testbed.Sample);
        await generator.RunAsync("warm-up", WarmUp, throughProxy, cancellationToken);
        await generator.RunAsync("warm-up", WarmUp, call, cancellationToken);

        var loads = new List<(LoadResult Call, LoadResult Proxy)>();
        foreach (int workers in (int[])[1, options.Connections])
        {
            var bounds = new LoadBounds(workers, options.Duration, long.MaxValue);
            loads.Add((
                await RunLoadAsync(generator, "the KMS call alone", bounds, call, cancellationToken),
                await RunLoadAsync(generator, "through the KMS proxy", bounds, throughProxy, cancellationToken)));
        }

        var memory = new List<MemoryResult> { new(0, proxy.Usage) };
        int done = 0;
        foreach (double share in options.MemoryDecrypts > 0 ? (double[])[0.1, 0.25, 0.5, 0.75, 1] : [])
        {
            int next = (int)(options.MemoryDecrypts * share);
            LoadResult load = await RunLoadAsync(generator, "calls until memory is read",
                new LoadBounds(options.Connections, LongestMemoryLoad, next - done), throughProxy, cancellationToken);
            done += load.Operations;
            memory.Add(new MemoryResult(done, proxy.Usage));
        }

        return Describe(loads, memory);
    }

    public void Dispose() => _baseline.Dispose();

    private static async Task<LoadResult> RunLoadAsync(
        LoadGenerator generator, string name, LoadBounds bounds, Func<IWorker> createWorker, CancellationToken cancellationToken)
    {
        LoadResult result = await generator.RunAsync(name, bounds, createWorker, cancellationToken);
        Console.Error.WriteLine($"{name}, {bounds.Workers} at once: {result.Operations}, {result.PerSecond:F0} per second");
        return result;
    }

    private static string Describe(List<(LoadResult Call, LoadResult Proxy)> loads, List<MemoryResult> memory)
    {
        var text = new StringBuilder($"Machine: {MachineFacts.Describe()}.\n\n| figure | measured | aim | met |\n|---|---|---|---|\n");
        LoadResult many = loads[^1].Proxy;
        double cpu = many.Cpu.Enclave.TotalMilliseconds / many.Operations;
        foreach ((LoadResult alone, LoadResult proxied) in loads)
        {
            double added = (proxied.Percentile(0.5) - alone.Percentile(0.5)).TotalMilliseconds;
            Line(text, $"| latency added by the proxy, p50, {proxied.Workers} clients, ms | {added:F2} | < {MaxAddedMilliseconds} | {Met(added < MaxAddedMilliseconds)} |");
        }

        Line(text, $"| CPU of the proxy for each attested call, {many.Workers} clients, ms | {cpu:F2} | < {MaxCpuMilliseconds} | {Met(cpu < MaxCpuMilliseconds)} |");
        if (memory.Count > 1)
        {
            double growth = Mebibytes(memory[^1]) / Mebibytes(memory[memory.Count / 2]) - 1;
            Line(text, $"| RSS growth from {memory[memory.Count / 2].Decrypts} to {memory[^1].Decrypts} calls | {growth:P1} | none | {Met(growth < FlatWithin)} |");
        }

        text.Append("\n| load | clients | per second | p50 ms | p99 ms | proxy CPU ms | of RSA operations | simulator CPU ms | load tool CPU ms |\n|---|---|---|---|---|---|---|---|---|\n");
        foreach (LoadResult load in loads.SelectMany(pair => (LoadResult[])[pair.Call, pair.Proxy]))
        {
            double each = load.Cpu.Enclave.TotalMilliseconds / load.Operations;
            Line(text, $"| {load.Name} | {load.Workers} | {load.PerSecond:F0} | {load.Percentile(0.5).TotalMilliseconds:F2} | {load.Percentile(0.99).TotalMilliseconds:F2} | {each:F3} | {each / load.PrivateKeyOperation.TotalMilliseconds:F1} of {load.PrivateKeyOperation.TotalMilliseconds:F2} ms | {load.Cpu.Simulator.TotalMilliseconds / load.Operations:F3} | {load.Cpu.Tool.TotalMilliseconds / load.Operations:F3} |");
        }

        text.Append("\n| calls | RSS MiB | highest RSS |\n|---|---|---|\n");
        foreach (MemoryResult at in memory)
        {
            Line(text, $"| {at.Decrypts} | {Mebibytes(at):F1} | {at.Enclave.PeakBytes / (1024.0 * 1024):F1} |");
        }

        return text.ToString();
    }

    private static double Mebibytes(MemoryResult result) => result.Enclave.ResidentBytes / (1024.0 * 1024);

    private static string Met(bool met) => met ? "yes" : "no";

    private static void Line(StringBuilder text, FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
