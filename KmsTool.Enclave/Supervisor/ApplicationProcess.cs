using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace KmsTool.Enclave.Supervisor;

/// <summary>
/// Starts the application as a plain child of this process, by posix_spawn(3) and an <see cref="ApplicationLauncher"/>, in this
/// one's directory and process group.
/// </summary>
internal static unsafe partial class ApplicationProcess
{
    // posix_spawnattr_t has 336 bytes and sigset_t 128, with glibc and musl alike.
    private const int AttributesSize = 1024;
    private const int SignalSetSize = 128;
    private const short DefaultSignals = 0x04;
    private const short SignalMask = 0x08;

    /// <summary>Starts it. The calling thread has to live as long as the application, which is killed with it.</summary>
    /// <returns>Its process number; the caller has to reap it.</returns>
    /// <exception cref="ApplicationStartException">This program could not be started once more.</exception>
    public static int Start(ApplicationCommand command)
    {
        (string[] launcher, Dictionary<string, string> variables) = ApplicationLauncher.Prepare(command);
        using var arguments = new NativeStrings(launcher);
        using var environment = new NativeStrings([.. variables.Select(variable => $"{variable.Key}={variable.Value}")]);
        ulong* attributes = stackalloc ulong[AttributesSize / sizeof(ulong)];
        byte* signals = stackalloc byte[SignalSetSize];

        _ = InitializeAttributes(attributes);
        _ = SetFlags(attributes, DefaultSignals | SignalMask);
        // What this process ignores, exec(2) would hand on. A set of signals is one bit for each.
        new Span<byte>(signals, SignalSetSize).Fill(0xFF);
        _ = SetDefaultSignals(attributes, signals);
        new Span<byte>(signals, SignalSetSize).Clear();
        _ = SetSignalMask(attributes, signals);

        int error = Spawn(out int id, *arguments.Start, null, attributes, arguments.Start, environment.Start);
        _ = DestroyAttributes(attributes);
        return error == 0
            ? id
            : throw new ApplicationStartException(ApplicationStartFailure.NotExecutable, $"'{launcher[0]}' cannot be executed: {new Win32Exception(error).Message}");
    }

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    private static partial int Spawn(out int id, byte* program, void* fileActions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int InitializeAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int DestroyAttributes(void* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(void* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaultSignals(void* attributes, void* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetSignalMask(void* attributes, void* signals);
}

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

/// <summary>Strings in the form in which exec(2) takes arguments and environment: UTF-8, and a null pointer after the last.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private readonly int _count;

    public NativeStrings(IReadOnlyCollection<string> strings)
    {
        Start = (byte**)NativeMemory.AllocZeroed((nuint)strings.Count + 1, (nuint)sizeof(byte*));
        foreach (string text in strings)
        {
            Start[_count++] = (byte*)Marshal.StringToCoTaskMemUTF8(text);
        }
    }

    public byte** Start { get; }

    public void Dispose()
    {
        // The environment holds credentials.
        for (int i = 0; i < _count; i++)
        {
            Marshal.ZeroFreeCoTaskMemUTF8((nint)Start[i]);
        }

        NativeMemory.Free(Start);
    }
}
