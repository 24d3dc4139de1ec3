using System.Runtime.InteropServices;

namespace KmsTool.Enclave.Supervisor;

/// <summary>The terminal that this process and the application may have been started from.</summary>
internal static partial class ControllingTerminal
{
    /// <summary>
    /// Whether the application has most likely had the signal itself: Ctrl+C, Ctrl+\ and a change of the window's size
    /// signal all processes in the terminal's foreground, and the application shares this one's process group. Who sends the
    /// same with kill(1) to this process alone cannot be told apart; SIGTERM is for that.
    /// </summary>
    public static bool Signals(Signal signal) =>
        signal is Signal.SIGINT or Signal.SIGQUIT or Signal.SIGWINCH && IsInForeground();

    // A redirected stdin does not keep Ctrl+C away, so stdout and stderr are asked as well.
    private static bool IsInForeground()
    {
        int group = GetProcessGroup(0);
        return TerminalForegroundGroup(0) == group || TerminalForegroundGroup(1) == group || TerminalForegroundGroup(2) == group;
    }

    [LibraryImport("libc", EntryPoint = "getpgid")]
    private static partial int GetProcessGroup(int process);

    /// <returns>-1 where the descriptor is not the controlling terminal.</returns>
    [LibraryImport("libc", EntryPoint = "tcgetpgrp")]
    private static partial int TerminalForegroundGroup(int descriptor);
}
