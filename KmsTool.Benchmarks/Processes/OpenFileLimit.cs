using System.Runtime.InteropServices;

namespace KmsTool.Benchmarks.Processes;

/// <summary>How many descriptors this program may have open.</summary>
internal static partial class OpenFileLimit
{
    // RLIMIT_NOFILE of asm-generic/resource.h.
    private const int OpenFiles = 7;

    /// <summary>Raises the limit, also the hard one where this program may; the runtime has raised the soft one before.</summary>
    /// <returns>The limit now, which is a lower one where it may not.</returns>
    public static long Raise(int descriptors)
    {
        if (Get(OpenFiles, out Limits limits) != 0)
        {
            return 0;
        }

        var wanted = new Limits { Soft = (nuint)descriptors, Hard = nuint.Max(limits.Hard, (nuint)descriptors) };
        return limits.Soft >= wanted.Soft || Set(OpenFiles, wanted) != 0 ? (long)limits.Soft : descriptors;
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
