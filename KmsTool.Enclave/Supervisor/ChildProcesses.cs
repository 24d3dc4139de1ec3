using System.ComponentModel;
using System.Runtime.InteropServices;

namespace KmsTool.Enclave.Supervisor;

/// <summary>
/// All children of this process, those included whose parents have ended. System.Diagnostics.Process must not be used beside
/// it: each would reap the other's children.
/// </summary>
internal static partial class ChildProcesses
{
    private const int SetChildSubreaper = 36;
    private const int NoHang = 1;

    /// <summary>
    /// Makes orphans children of this process, which they would only be by themselves if it was PID 1 (prctl(2),
    /// PR_SET_CHILD_SUBREAPER).
    /// </summary>
    public static void AdoptOrphans() => _ = Prctl(SetChildSubreaper, 1, 0, 0, 0);

    /// <summary>Reaps the children that have ended so far.</summary>
    public static IEnumerable<EndedProcess> Reap()
    {
        int id;
        while ((id = WaitPid(-1, out int status, NoHang)) > 0)
            yield return new EndedProcess(id, status);
    }

    /// <summary>Sends a signal to a child that has not been reaped.</summary>
    /// <exception cref="IOException">It has become another user's.</exception>
    public static void Send(int id, Signal signal)
    {
        if (Kill(id, (int)signal) < 0)
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc", EntryPoint = "waitpid")]
    private static partial int WaitPid(int id, out int status, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int id, int signal);
}
