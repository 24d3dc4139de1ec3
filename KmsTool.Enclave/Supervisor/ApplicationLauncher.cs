using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace KmsTool.Enclave.Supervisor;

/// <summary>
/// What stands between the supervisor and the application: this program once more, which gives up its rights and then becomes
/// the application by execve(2). A process of its own because no managed code may run between fork(2) and execve(2), while a
/// process can ask only for itself to be killed with its parent. It has the application's arguments and environment, and no
/// secrets but those.
/// </summary>
internal static unsafe partial class ApplicationLauncher
{
    /// <summary>The first argument of a process that is a launcher. Not a command for users.</summary>
    public const string Name = "launch-application";

    /// <summary>
    /// Keeps the launcher's runtime from opening its diagnostics port, the socket of which would stay behind in the temporary
    /// directory, and from loading a profiler with the rights that the application does not get.
    /// </summary>
    private const string DiagnosticsVariable = "DOTNET_EnableDiagnostics";

    private const int OwnArguments = 3;

    private const int SigKill = 9;
    private const int SigPipe = 13;

    // prctl(2)
    private const int SetParentDeathSignal = 1;
    private const int ReadBoundingSet = 23;
    private const int DropFromBoundingSet = 24;
    private const int SetNoNewPrivileges = 38;

    // _LINUX_CAPABILITY_VERSION_3 of linux/capability.h: two sets of three words follow.
    private const uint CapabilityVersion = 0x20080522;
    private const int CapabilityWords = 6;

    // errno(3)
    private const int NotFound = 2;
    private const int PermissionDenied = 13;
    private const int NotADirectory = 20;

    /// <summary>What the supervisor starts: this program, with arguments that <see cref="Run"/> reads.</summary>
    public static (string[] Arguments, Dictionary<string, string> Environment) Prepare(ApplicationCommand command)
    {
        string program = Environment.ProcessPath!;
        // An assembly that was started by "dotnet NAME.dll".
        string[] self = Path.GetFileName(program) == "dotnet" ? [program, Environment.GetCommandLineArgs()[0]] : [program];
        var environment = new Dictionary<string, string>(command.Environment);
        // Whatever the application is to have; an argument holds that, after a '=', as it may be empty.
        string replaced = environment.TryGetValue(DiagnosticsVariable, out string? value) ? "=" + value : "";
        environment[DiagnosticsVariable] = "0";
        string user = command.User is { } named ? $"{named.Id}:{named.Group}" : "";
        return ([.. self, Name, Environment.ProcessId.ToString(CultureInfo.InvariantCulture), user, replaced, .. command.Arguments], environment);
    }

    /// <summary>Becomes the application.</summary>
    /// <param name="arguments">Those after <see cref="Name"/>.</param>
    /// <returns>Why the application cannot be executed. On success it does not return.</returns>
    /// <exception cref="ApplicationStartException">The process could not be prepared.</exception>
    public static ApplicationStartException Run(ReadOnlySpan<string> arguments)
    {
        DropRights(arguments[1]);
        // Only now: a change of the user takes it back. A supervisor that has ended before is no longer the parent.
        Check(Prctl(SetParentDeathSignal, SigKill, 0, 0, 0), "Could not tie the application to its supervisor");
        if (GetParent() != int.Parse(arguments[0], CultureInfo.InvariantCulture))
        {
            throw new ApplicationStartException(ApplicationStartFailure.NotPrepared, "The supervisor has ended");
        }

        InheritedDescriptors.CloseOnExecution();
        // The runtime ignores it, which execve(2) would hand on.
        _ = SetDisposition(SigPipe, 0);
        _ = arguments[2].Length > 0 ? SetVariable(DiagnosticsVariable, arguments[2][1..], 1) : UnsetVariable(DiagnosticsVariable);

        return Execute([.. arguments[OwnArguments..]]);
    }

    private static void DropRights(string user)
    {
        // Without CAP_SETPCAP the bounding set stays, and is of no use to a process that cannot gain privileges.
        for (nuint capability = 0; Prctl(ReadBoundingSet, capability, 0, 0, 0) >= 0; capability++)
        {
            _ = Prctl(DropFromBoundingSet, capability, 0, 0, 0);
        }

        if (user.Length > 0)
        {
            uint[] ids = [.. user.Split(':').Select(id => uint.Parse(id, CultureInfo.InvariantCulture))];
            string failure = $"Could not become user {user}";
            Check(SetGroups(0, null), failure);
            Check(SetGroup(ids[1], ids[1], ids[1]), failure);
            Check(SetUser(ids[0], ids[0], ids[0]), failure);
        }

        // Also clears the ambient set, which never holds what the others do not.
        ulong header = CapabilityVersion;
        uint* none = stackalloc uint[CapabilityWords];
        new Span<uint>(none, CapabilityWords).Clear();
        Check(SetCapabilities(&header, none), "Could not drop the capabilities");
        Check(Prctl(SetNoNewPrivileges, 1, 0, 0, 0), "Could not set no_new_privs");
    }

    /// <summary>Returns only if it fails. As execvp(3), but for a file of an unknown format, which that gives to a shell.</summary>
    private static ApplicationStartException Execute(string[] command)
    {
        using var arguments = new NativeStrings(command);
        string program = command[0];
        IEnumerable<string> paths = program.Contains('/', StringComparison.Ordinal) || program.Length == 0
            ? [program]
            : (Environment.GetEnvironmentVariable("PATH") ?? "/bin:/usr/bin").Split(':').Select(directory => directory.Length == 0 ? program : $"{directory}/{program}");
        int error = NotFound;
        foreach (string path in paths)
        {
            _ = Execute(path, arguments.Start);
            int failed = Marshal.GetLastPInvokeError();
            if (failed is not (NotFound or NotADirectory))
            {
                error = failed;
            }

            if (failed is not (NotFound or NotADirectory or PermissionDenied))
            {
                break;
            }
        }

        return Failed(program, error);
    }

    private static ApplicationStartException Failed(string program, int error)
    {
        if (error != NotFound)
        {
            return new ApplicationStartException(ApplicationStartFailure.NotExecutable, $"'{program}' cannot be executed: {new Win32Exception(error).Message}");
        }

        // The kernel's "no such file" may mean another file, which costs hours in images made from scratch.
        return new ApplicationStartException(ApplicationStartFailure.NotFound, program.Contains('/', StringComparison.Ordinal) && File.Exists(program)
            ? $"'{program}' cannot be executed: the interpreter or the dynamic loader that it names is not in this image"
            : $"'{program}' was not found");
    }

    private static void Check(int result, string failure)
    {
        if (result < 0)
        {
            throw new ApplicationStartException(ApplicationStartFailure.NotPrepared, $"{failure}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int Prctl(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);

    [LibraryImport("libc", EntryPoint = "capset", SetLastError = true)]
    private static partial int SetCapabilities(void* header, void* sets);

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    private static partial int SetGroups(nuint count, uint* groups);

    [LibraryImport("libc", EntryPoint = "setresgid", SetLastError = true)]
    private static partial int SetGroup(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "setresuid", SetLastError = true)]
    private static partial int SetUser(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParent();

    [LibraryImport("libc", EntryPoint = "signal")]
    private static partial nint SetDisposition(int signal, nint disposition);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnsetVariable(string name);

    [LibraryImport("libc", EntryPoint = "execv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, byte** arguments);
}
