using System.Globalization;

namespace KmsTool.Benchmarks.Processes;

/// <summary>What the kernel says a process has used (proc(5)).</summary>
/// <param name="Cpu">User and system time of all its threads since it began.</param>
/// <param name="ResidentBytes">VmRSS: memory in use now, mapped files included.</param>
/// <param name="AnonymousBytes">RssAnon: the part of it that is no file, which the process alone is to blame for.</param>
/// <param name="PeakBytes">VmHWM: the most that <paramref name="ResidentBytes"/> has been.</param>
internal readonly record struct ProcessUsage(TimeSpan Cpu, long ResidentBytes, long AnonymousBytes, long PeakBytes)
{
    // USER_HZ, in which proc(5) counts, is 100 wherever .NET runs.
    private const long TicksPerJiffy = TimeSpan.TicksPerSecond / 100;

    // utime and stime; cutime and cstime.
    private const int CpuFields = 2;
    private const int EndedChildrenFields = 2;

    /// <exception cref="IOException">There is no such process.</exception>
    public static ProcessUsage Of(int processId)
    {
        string directory = $"/proc/{processId}";
        string[] status = File.ReadAllLines(directory + "/status");
        return new ProcessUsage(
            ReadCpu(File.ReadAllText(directory + "/stat")),
            ReadMemory(status, "VmRSS:"),
            ReadMemory(status, "RssAnon:"),
            ReadMemory(status, "VmHWM:"));
    }

    /// <summary>How many descriptors the process has open.</summary>
    public static int CountDescriptors(int processId) =>
        Directory.GetFileSystemEntries($"/proc/{processId}/fd").Length;

    /// <summary>CPU time that the whole machine has spent since it began, on whatever.</summary>
    public static TimeSpan ReadMachineCpu()
    {
        // cpu user nice system idle iowait irq softirq steal; guest time is counted in user.
        string[] fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        long busy = fields[1..4].Concat(fields[6..9]).Sum(Parse);
        return TimeSpan.FromTicks(busy * TicksPerJiffy);
    }

    /// <summary>CPU time of a process and of those children that have ended and been waited for.</summary>
    /// <exception cref="IOException">There is no such process.</exception>
    public static TimeSpan ReadCpuWithEndedChildren(int processId) =>
        SumTimes(File.ReadAllText($"/proc/{processId}/stat"), CpuFields + EndedChildrenFields);

    private static TimeSpan ReadCpu(string stat) => SumTimes(stat, CpuFields);

    private static TimeSpan SumTimes(string stat, int fields)
    {
        // The second field, the program's name in parentheses, may itself hold spaces; the times are fields 14 to 17.
        string[] fromState = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromTicks(fromState.Skip(14 - 3).Take(fields).Sum(Parse) * TicksPerJiffy);
    }

    private static long ReadMemory(string[] status, string name)
    {
        string line = status.First(line => line.StartsWith(name, StringComparison.Ordinal));
        return Parse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal)) * 1024;
    }

    private static long Parse(string number) => long.Parse(number, CultureInfo.InvariantCulture);
}
