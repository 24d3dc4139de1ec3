using System.Globalization;
using System.Runtime.InteropServices;

namespace KmsTool.Enclave.Supervisor;

/// <summary>
/// Descriptors that were open when this process started. Those it opens itself end with exec(2), as the runtime sees to that.
/// </summary>
internal static partial class InheritedDescriptors
{
    private const int SetFlags = 2;
    private const int CloseOnExec = 1;
    private const int StandardError = 2;

    /// <summary>Has execve(2) close all but stdin, stdout and stderr.</summary>
    // close_range(2) could do it in one call, from Linux 5.11; enclaves also run 4.14.
    public static void CloseOnExecution()
    {
        foreach (string path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            int descriptor = int.Parse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture);
            if (descriptor > StandardError)
            {
                _ = Control(descriptor, SetFlags, CloseOnExec);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, int argument);
}
