using System.Text;
using KmsTool.Benchmarks.Processes;

namespace KmsTool.Benchmarks.Load;

/// <summary>The figures, as Markdown for docs/performance.md. (The program's culture is the invariant one.)</summary>
internal sealed class LoadReport(LoadOptions options, bool throughProxy)
{
    private const double MaxCpuMilliseconds = 0.6;
    private const double MinSessionsPerSecond = 500;
    private const double MaxResidentMebibytes = 60;
    private const double MaxReadyMilliseconds = 80;
    private const int MinIdleConnections = 10_000;
    private const double KeptWithin = 0.25;

    // Growth of memory between a quarter of the Decrypts and all of them that is not more than the garbage collector's breathing.
    private const double FlatWithin = 0.05;

    private readonly string _machine = MachineFacts.Describe();

    public required long ProgramBytes { get; init; }

    public List<StartResult> Starts { get; } = [];

    public List<LoadResult> Loads { get; } = [];

    public List<MemoryResult> Memory { get; } = [];

    public IdleResult? Idle { get; set; }

    public override string ToString()
    {
        var text = new StringBuilder();
        Line(text, $"Machine: {_machine}.");
        Line(text, $"KMS reached {(throughProxy ? "through `kmstool-instance vsock-proxy` on a Unix socket" : "directly, over TCP on loopback")}. Program: {Mebibytes(ProgramBytes):F1} MiB.");
        if (options.EnclaveEnvironment.Count > 0 || options.EnclaveArguments.Count > 0)
        {
            Line(text, $"Enclave run with: {string.Join(' ', options.EnclaveEnvironment.Select(static pair => $"{pair.Key}={pair.Value}").Concat(options.EnclaveArguments))}.");
        }

        AppendAims(text);
        AppendLoads(text);
        AppendStarts(text);
        AppendMemory(text);
        AppendIdle(text);
        return text.ToString();
    }

    private void AppendAims(StringBuilder text)
    {
        Heading(text, "| figure | measured | aim | met |", 4);
        if (Loads.Count > 0)
        {
            LoadResult decrypts = Loads[^1];
            LoadResult sessions = Loads[^2];
            double cpu = PerOperation(decrypts.Cpu.Enclave, decrypts);
            Aim(text, "enclave CPU per Decrypt, ms", $"{cpu:F2}", $"< {MaxCpuMilliseconds}", cpu < MaxCpuMilliseconds);
            Aim(text, "SetClient+Decrypt sessions per second", $"{sessions.PerSecond:F0}", $">= {MinSessionsPerSecond}", sessions.PerSecond >= MinSessionsPerSecond);
        }

        if (Memory.Count > 0)
        {
            double last = Mebibytes(Memory[^1].Enclave.ResidentBytes);
            double growth = last / Mebibytes(Memory[Memory.Count / 2].Enclave.ResidentBytes) - 1;
            Aim(text, $"RSS after {Memory[^1].Decrypts} Decrypts, MiB", $"{last:F1}", $"< {MaxResidentMebibytes}", last < MaxResidentMebibytes);
            Aim(text, $"RSS growth since {Memory[Memory.Count / 2].Decrypts} Decrypts", $"{growth:P1}", "flat", growth < FlatWithin);
        }

        if (Starts.Count > 0)
        {
            double ready = Median(static start => start.Ready);
            Aim(text, "start to ready, ms (median)", $"{ready:F0}", $"< {MaxReadyMilliseconds}", ready < MaxReadyMilliseconds);
        }

        if (Idle is not null)
        {
            double kept = Mebibytes(Idle.Afterwards.ResidentBytes) / Mebibytes(Idle.Before.ResidentBytes) - 1;
            Aim(text, "RSS growth left by idle connections that have ended", $"{kept:P1}", $"< {KeptWithin:P0}", kept < KeptWithin);
            Aim(text, "idle connections held", $"{Idle.StillOpen}", $"{MinIdleConnections}", Idle.StillOpen >= MinIdleConnections);
        }
    }

    private void AppendLoads(StringBuilder text)
    {
        if (Loads.Count == 0)
        {
            return;
        }

        Heading(text, "| load | at once | per second | p50 ms | p99 ms | enclave CPU ms | the same in RSA operations | simulator CPU ms | proxy CPU ms | load tool CPU ms | rest of the machine, cores |", 11);
        foreach (LoadResult load in Loads)
        {
            Line(text, $"| {load.Name} | {load.Workers} | {load.PerSecond:F0} | {load.Percentile(0.5).TotalMilliseconds:F2} | {load.Percentile(0.99).TotalMilliseconds:F2} | {PerOperation(load.Cpu.Enclave, load):F3} | {load.Cpu.Enclave / load.Operations / load.PrivateKeyOperation:F1} of {load.PrivateKeyOperation.TotalMilliseconds:F2} ms | {PerOperation(load.Cpu.Simulator, load):F3} | {(throughProxy ? $"{PerOperation(load.Cpu.Proxy, load):F3}" : "")} | {PerOperation(load.Cpu.Tool, load):F3} | {load.Cpu.Others / load.Elapsed:F2} |");
        }
    }

    private void AppendStarts(StringBuilder text)
    {
        if (Starts.Count == 0)
        {
            return;
        }

        Heading(text, $"| {Starts.Count} starts, ms | least | median | most |", 4);
        AppendStart(text, "to ready", static start => start.Ready);
        AppendStart(text, "CPU time until ready", static start => start.ReadyCpu);
        AppendStart(text, "to the first plaintext", static start => start.FirstPlaintext);
    }

    private void AppendStart(StringBuilder text, string name, Func<StartResult, TimeSpan> time) => Line(text,
        $"| {name} | {Starts.Min(time).TotalMilliseconds:F0} | {Median(time):F0} | {Starts.Max(time).TotalMilliseconds:F0} |");

    private void AppendMemory(StringBuilder text)
    {
        if (Memory.Count == 0)
        {
            return;
        }

        Heading(text, "| Decrypts | RSS MiB | of it anonymous | highest RSS |", 4);
        foreach (MemoryResult memory in Memory)
        {
            Line(text, $"| {memory.Decrypts} | {Memories(memory.Enclave)} | {Mebibytes(memory.Enclave.PeakBytes):F1} |");
        }
    }

    private void AppendIdle(StringBuilder text)
    {
        if (Idle is null)
        {
            return;
        }

        Heading(text, $"| {options.IdleConnections} idle connections: {Idle.Accepted} accepted in {Idle.Opened.TotalSeconds:F1} s, {Idle.StillOpen} open at the end | RSS MiB | of it anonymous | a session beside them, ms |", 4);
        Line(text, $"| before | {Memories(Idle.Before)} | at most {Idle.LongestSessionBefore.TotalMilliseconds:F1} |");
        Line(text, $"| connected | {Memories(Idle.Silent)} | {Idle.SessionBeside.TotalMilliseconds:F1} |");
        Line(text, $"| each with a client set | {Memories(Idle.WithClient)} | {Idle.SessionBesideClients.TotalMilliseconds:F1} |");
        Line(text, $"| after all have ended | {Memories(Idle.Afterwards)} | at most {Idle.LongestSessionAfterwards.TotalMilliseconds:F1} |");
    }

    private double Median(Func<StartResult, TimeSpan> time) => Starts.Select(time).Order().ElementAt(Starts.Count / 2).TotalMilliseconds;

    private static string Memories(ProcessUsage usage) => $"{Mebibytes(usage.ResidentBytes):F1} | {Mebibytes(usage.AnonymousBytes):F1}";

    private static double PerOperation(TimeSpan cpu, LoadResult load) => cpu.TotalMilliseconds / load.Operations;

    private static double Mebibytes(long bytes) => bytes / (1024.0 * 1024);

    private static void Aim(StringBuilder text, string figure, string measured, string aim, bool met) =>
        Line(text, $"| {figure} | {measured} | {aim} | {(met ? "yes" : "no")} |");

    private static void Heading(StringBuilder text, string header, int columns)
    {
        text.Append('\n');
        Line(text, header);
        Line(text, "|" + string.Concat(Enumerable.Repeat("---|", columns)));
    }

    private static void Line(StringBuilder text, string line) => text.Append(line).Append('\n');
}
