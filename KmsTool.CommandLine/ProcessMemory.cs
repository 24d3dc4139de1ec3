using System.ComponentModel;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KmsTool.CommandLine;

/// <summary>Keeps the process's memory and environment, which hold keys, credentials and plaintexts, from other processes.</summary>
internal static partial class ProcessMemory
{
    private const int SetDumpable = 4;

    /// <summary>The one variable of the runtime's diagnostics that no other overrules.</summary>
    private const string Diagnostics = "DOTNET_EnableDiagnostics";

    /// <summary>Keeps what that variable was before this program set it.</summary>
    private const string ReplacedDiagnostics = "KMSTOOL_REPLACED_DIAGNOSTICS";

    /// <summary>
    /// Forbids core dumps and debuggers of the same user (prctl(2), PR_SET_DUMPABLE), and closes the runtime's diagnostics
    /// port, through which a process of the same user could read the environment, dump the memory or load a profiler. Only
    /// an environment variable keeps the runtime from opening that port, so this starts the program again where it is not
    /// set: call it first. Linux only; elsewhere a user's processes are open to each other.
    /// </summary>
    public static void Protect()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        _ = Prctl(SetDumpable, 0, 0, 0, 0);
        // A program compiled by Native AOT has no such port.
        if (!RuntimeFeature.IsDynamicCodeSupported || Environment.GetEnvironmentVariable(Diagnostics) == "0")
        {
            return;
        }

        RemoveDiagnosticsFiles();
        string reason = StartAgain().Message;
        Console.Error.WriteLine($"The .NET diagnostics port of this process could not be closed: {reason}. Set {Diagnostics}=0.");
        Environment.Exit((int)ExitCode.OperationFailed);
    }

    /// <summary>Takes back from the environment of another program what <see cref="Protect"/> has set in this one's.</summary>
    public static void RestoreVariables(Dictionary<string, string> environment)
    {
        if (!environment.Remove(ReplacedDiagnostics, out string? replaced))
        {
            return;
        }

        environment.Remove(Diagnostics);
        if (replaced.Length > 0)
        {
            environment[Diagnostics] = replaced;
        }
    }

    /// <summary>Replaces this process's program by itself, with the variable set; returns only where that fails.</summary>
    private static unsafe Win32Exception StartAgain()
    {
        // As they came, valid UTF-8 or not, each with a NUL after it.
        byte[] arguments = File.ReadAllBytes("/proc/self/cmdline");
        byte** pointers = (byte**)NativeMemory.AllocZeroed((nuint)arguments.Length + 1, (nuint)sizeof(byte*));
        fixed (byte* first = arguments)
        {
            byte** next = pointers;
            for (int start = 0, length; (length = arguments.AsSpan(start).IndexOf((byte)0)) >= 0; start += length + 1)
            {
                *next++ = first + start;
            }

            _ = SetEnvironmentVariable(ReplacedDiagnostics, Environment.GetEnvironmentVariable(Diagnostics) ?? "", 1);
            _ = SetEnvironmentVariable(Diagnostics, "0", 1);
            _ = Execute(Environment.ProcessPath!, pointers);
            return new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    // The runtime removes them at its end, which does not come. They are named after the process and, as field 22 of its
    // stat (proc(5)), the time of its start.
    private static void RemoveDiagnosticsFiles()
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{Environment.ProcessId}/stat");
            string process = $"{Environment.ProcessId}-{stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19]}";
            foreach (string name in (string[])[$"dotnet-diagnostic-{process}-socket", $"clr-debug-pipe-{process}-in", $"clr-debug-pipe-{process}-out"])
            {
                File.Delete(Path.Combine(Path.GetTempPath(), name));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // They lead nowhere then.
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironmentVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Execute(string path, byte** arguments);
}
