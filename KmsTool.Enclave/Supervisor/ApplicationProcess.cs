using System.ComponentModel;
using System.Runtime.InteropServices;
using KmsTool.CommandLine;

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
            : throw new ApplicationStartException(ExitCode.NotExecutable, $"'{launcher[0]}' cannot be executed: {new Win32Exception(error).Message}");
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
