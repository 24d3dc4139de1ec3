using System.ComponentModel;
using System.Runtime.InteropServices;
using KmsTool.Cli;

namespace KmsTool.Enclave.Supervisor;

/// <summary>
/// Starts the application as a plain child of this process, by posix_spawn(3), in this one's directory and process group.
/// </summary>
internal static unsafe partial class ApplicationProcess
{
    private const int NotFound = 2;

    // posix_spawnattr_t has 336 bytes and sigset_t 128, with glibc and musl alike.
    private const int AttributesSize = 1024;
    private const int SignalSetSize = 128;
    private const short DefaultSignals = 0x04;
    private const short SignalMask = 0x08;

    /// <returns>Its process number; whoever called has to reap it.</returns>
    /// <exception cref="ApplicationStartException">There is no such program, or it cannot be executed.</exception>
    public static int Start(ApplicationCommand command)
    {
        InheritedDescriptors.Keep();
        using var arguments = new NativeStrings(command.Arguments);
        using var environment = new NativeStrings([.. command.Environment.Select(variable => $"{variable.Key}={variable.Value}")]);
        ulong* attributes = stackalloc ulong[AttributesSize / sizeof(ulong)];
        byte* signals = stackalloc byte[SignalSetSize];

        _ = InitializeAttributes(attributes);
        _ = SetFlags(attributes, DefaultSignals | SignalMask);
        // The runtime ignores SIGPIPE, which exec(2) would hand on. A set of signals is one bit for each.
        new Span<byte>(signals, SignalSetSize).Fill(0xFF);
        _ = SetDefaultSignals(attributes, signals);
        new Span<byte>(signals, SignalSetSize).Clear();
        _ = SetSignalMask(attributes, signals);

        int error = Spawn(out int id, *arguments.Start, null, attributes, arguments.Start, environment.Start);
        _ = DestroyAttributes(attributes);
        return error == 0 ? id : throw Failed(command.Arguments[0], error);
    }

    private static ApplicationStartException Failed(string program, int error)
    {
        if (error != NotFound)
            return new ApplicationStartException(ExitCode.NotExecutable, $"'{program}' cannot be executed: {new Win32Exception(error).Message}");

        // The kernel's "no such file" may mean another file, which costs hours in images made from scratch.
        return new ApplicationStartException(ExitCode.ProgramNotFound, program.Contains('/', StringComparison.Ordinal) && File.Exists(program)
            ? $"'{program}' cannot be executed: the interpreter or the dynamic loader that it names is not in this image"
            : $"'{program}' was not found");
    }

    [LibraryImport("libc", EntryPoint = "posix_spawnp")]
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
