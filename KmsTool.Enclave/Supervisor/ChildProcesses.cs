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
    private const int Exited = 4;
    private const int NoWait = 0x01000000;
    private const int AllChildren = 0;
    private const int Interrupted = 4;
    private const int InfoSize = 128;

    /// <summary>
    /// Makes orphans children of this process, which they would only be by themselves if it was PID 1 (prctl(2),
    /// PR_SET_CHILD_SUBREAPER).
    /// </summary>
    public static void AdoptOrphans() => _ = Prctl(SetChildSubreaper, 1, 0, 0, 0);

    /// <summary>Blocks until there is a child that has ended, and leaves it to <see cref="Reap"/>.</summary>
    /// <returns>False if there are no children.</returns>
    public static unsafe bool WaitForEnd()
    {
        byte* info = stackalloc byte[InfoSize];
        int result;
        do
        {
            result = WaitId(AllChildren, 0, info, Exited | NoWait);
        }
        while (result < 0 && Marshal.GetLastPInvokeError() == Interrupted);

        return result == 0;
    }

    /// <summary>Reaps the children that have ended so far.</summary>
    public static IEnumerable<EndedProcess> Reap()
    {
        int id;
        while ((id = WaitPid(-1, out int status, NoHang)) > 0)
        {
            yield return new EndedProcess(id, status);
        }
    }

    /// <summary>Sends a signal to a child that has not been reaped.</summary>
    /// <exception cref="IOException">It has become another user's.</exception>
    public static void Send(int id, Signal signal)
    {
        if (Kill(id, (int)signal) < 0)
        {
            throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static unsafe partial int WaitId(int what, int id, byte* info, int options);

    [LibraryImport("libc", EntryPoint = "waitpid")]
    private static partial int WaitPid(int id, out int status, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int id, int signal);
}

/// <summary>A process that has ended and been reaped.</summary>
/// <param name="Id">What its number was.</param>
/// <param name="Status">How it ended, in the form of wait(2).</param>
internal readonly record struct EndedProcess(int Id, int Status)
{
    /// <summary>The signal that ended it, if one did.</summary>
    public Signal? Signal => (Status & 0x7F) is var number and not 0 ? (Signal)number : null;

    /// <summary>Its exit status; as in shells, 128 and the signal's number if a signal ended it.</summary>
    public int ExitStatus => Signal is { } signal ? 128 + (int)signal : (Status >> 8) & 0xFF;
}
