namespace KmsTool.CommandLine;

/// <summary>The name under which the program was started: a link may give it the name of a program that it stands in for.</summary>
internal static class ProgramName
{
    /// <summary>The file name of the first argument of the command line, without <c>.exe</c>.</summary>
    public static string Invoked()
    {
        string path = ReadCommandLine() ?? Environment.ProcessPath ?? "";
        string name = Path.GetFileName(path);
        return name.EndsWith(".exe", StringComparison.OrdinalIgnoreCase) ? name[..^4] : name;
    }

    // The runtime follows links before it tells a program's path; proc(5) has what was typed.
    private static string? ReadCommandLine()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        try
        {
            string commandLine = File.ReadAllText("/proc/self/cmdline");
            int end = commandLine.IndexOf('\0', StringComparison.Ordinal);
            return end > 0 ? commandLine[..end] : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
