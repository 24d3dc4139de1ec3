using System.Runtime.InteropServices;

namespace KmsTool.Cli;

/// <summary>Keeps the process's memory, which holds keys and plaintexts, from being written out.</summary>
internal static partial class ProcessMemory
{
    private const int SetDumpable = 4;

    /// <summary>
    /// No core dump, to a file or to a program, and no debugger of the same user (prctl(2), PR_SET_DUMPABLE). Linux only;
    /// best effort elsewhere.
    /// </summary>
    public static void ForbidDumps()
    {
        if (OperatingSystem.IsLinux())
            _ = Prctl(SetDumpable, 0, 0, 0, 0);
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);
}
