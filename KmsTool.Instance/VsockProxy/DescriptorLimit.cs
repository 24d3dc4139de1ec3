using System.Globalization;

namespace KmsTool.Instance.VsockProxy;

/// <summary>
/// How many connections the process's descriptors are good for. At the limit the runtime cannot even start the threads it
/// needs, so the proxy stays below it: connections over that wait in the listener's queue.
/// </summary>
internal static class DescriptorLimit
{
    private const string LimitsPath = "/proc/self/limits";
    private const int UsedByRuntime = 160;
    private const int PerConnection = 2;

    /// <summary>As many connections as the descriptors allow, at most <paramref name="wanted"/> and at least 1.</summary>
    public static int ConnectionsWithin(int wanted) =>
        OperatingSystem.IsLinux() ? ConnectionsWithin(wanted, File.ReadAllText(LimitsPath)) : wanted;

    /// <param name="wanted">Upper bound.</param>
    /// <param name="limits">What proc_pid_limits(5) shows: a line "Max open files", soft limit, hard limit, unit.</param>
    internal static int ConnectionsWithin(int wanted, string limits)
    {
        const string Name = "Max open files";
        string? line = limits.Split('\n').FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        string? soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long descriptors)
            ? (int)Math.Clamp((descriptors - UsedByRuntime) / PerConnection, 1, wanted)
            : wanted;
    }
}
