using System.Runtime.InteropServices;

namespace KmsTool.Benchmarks.Processes;

/// <summary>How many descriptors this program may have open.</summary>
internal static partial class OpenFileLimit
{
    // RLIMIT_NOFILE of asm-generic/resource.h.
    private const int OpenFiles = 7;

    /// <summary>Raises the limit, also the hard one where this program may; the runtime has raised the soft one before.</summary>
    public static void Raise(int descriptors)
    {
        if (Get(OpenFiles, out Limits limits) != 0 || limits.Soft >= (nuint)descriptors)
            return;

        var wanted = new Limits { Soft = (nuint)descriptors, Hard = nuint.Max(limits.Hard, (nuint)descriptors) };
        // Who may not goes on with what there is, and is told how many connections that was good for.
        _ = Set(OpenFiles, wanted);
    }

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int Get(int resource, out Limits limits);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int Set(int resource, in Limits limits);

    // struct rlimit
    [StructLayout(LayoutKind.Sequential)]
    private struct Limits
    {
        public nuint Soft;
        public nuint Hard;
    }
}
