using System.Globalization;

namespace KmsTool.Networking;

/// <summary>
/// How many connections the process's descriptors are good for. At the limit the runtime cannot even start the threads it
/// needs, so a server stays below it.
/// </summary>
internal static class DescriptorLimit
{
    private const string LimitsPath = "/proc/self/limits";
    private const int UsedByRuntime = 160;

    /// <summary>As many connections as the descriptors allow, at most <paramref name="wanted"/> and at least 1.</summary>
    /// <param name="wanted">Upper bound.</param>
    /// <param name="each">Descriptors of one connection.</param>
    /// <param name="others">Descriptors that the program needs besides.</param>
    public static int ConnectionsWithin(int wanted, int each, int others)
    {
        try
        {
            return OperatingSystem.IsLinux() ? ConnectionsWithin(wanted, each, others, File.ReadAllText(LimitsPath)) : wanted;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Without /proc the limit is not known.
            return wanted;
        }
    }

    /// <param name="wanted">Upper bound.</param>
    /// <param name="each">Descriptors of one connection.</param>
    /// <param name="others">Descriptors that the program needs besides.</param>
    /// <param name="limits">What proc_pid_limits(5) shows: a line "Max open files", soft limit, hard limit, unit.</param>
    internal static int ConnectionsWithin(int wanted, int each, int others, string limits)
    {
        const string Name = "Max open files";
        string? line = limits.Split('\n').FirstOrDefault(line => line.StartsWith(Name, StringComparison.Ordinal));
        string? soft = line?[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out long descriptors)
            ? (int)Math.Clamp((descriptors - UsedByRuntime - others) / each, 1, wanted)
            : wanted;
    }
}
