using System.Globalization;

namespace KmsTool.Benchmarks.Processes;

/// <summary>A process together with its children, for a program that forks for each connection.</summary>
internal static class ProcessFamily
{
    private const string ProportionalLine = "Pss:";

    /// <summary>CPU time of the process, of its children, which have one thread each, and of those that have ended.</summary>
    /// <exception cref="IOException">There is no such process.</exception>
    public static TimeSpan ReadCpu(int processId)
    {
        // The children first: one that ends meanwhile is then counted in both, not in neither.
        long living = ReadChildren(processId).Sum(static child => OfChild(child, ReadNanoseconds));
        return TimeSpan.FromMicroseconds(living / 1000) + ProcessUsage.ReadCpuWithEndedChildren(processId);
    }

    /// <summary>Memory of the process and its children.</summary>
    /// <exception cref="IOException">There is no such process.</exception>
    public static FamilyMemory ReadMemory(int processId)
    {
        int[] children = ReadChildren(processId);
        return new FamilyMemory(
            1 + children.Length,
            ReadResident(processId) + children.Sum(static child => OfChild(child, ReadResident)),
            ReadProportional(processId) + children.Sum(static child => OfChild(child, ReadProportional)));
    }

    private static int[] ReadChildren(int processId) =>
    [
        .. File.ReadAllText($"/proc/{processId}/task/{processId}/children")
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static id => int.Parse(id, CultureInfo.InvariantCulture)),
    ];

    // Of a process of one thread. /proc/PID/stat counts in hundredths of a second and rounds down, which is much of what
    // one of many short-lived children has used (proc_pid_schedstat, Documentation/scheduler/sched-stats.rst).
    private static long ReadNanoseconds(int processId) =>
        long.Parse(File.ReadAllText($"/proc/{processId}/schedstat").Split(' ')[0], CultureInfo.InvariantCulture);

    private static long ReadResident(int processId) => ProcessUsage.Of(processId).ResidentBytes;

    // Memory that several processes share counts in each by its share (proc_pid_smaps(5)).
    private static long ReadProportional(int processId)
    {
        string line = File.ReadLines($"/proc/{processId}/smaps_rollup").First(static line => line.StartsWith(ProportionalLine, StringComparison.Ordinal));
        return 1024 * long.Parse(line[ProportionalLine.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    private static T OfChild<T>(int processId, Func<int, T> read)
        where T : struct
    {
        try
        {
            return read(processId);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // It has ended meanwhile; what is left of it shows no memory.
            return default;
        }
    }
}
