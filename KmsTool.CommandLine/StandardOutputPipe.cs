using System.Runtime.InteropServices;

namespace KmsTool.CommandLine;

/// <summary>
/// Tells whether somebody still reads stdout, as <c>head</c> does not for long. .NET's console drops what is written to a
/// pipe that nobody reads, and says nothing: what nobody gets would pass for a success.
/// </summary>
internal static partial class StandardOutputPipe
{
    private const int StandardOutput = 1;

    // poll(2): POLLERR and POLLHUP are told unasked.
    private const short Error = 8;
    private const short HangUp = 16;

    /// <summary>Linux only; elsewhere it is taken to be so.</summary>
    public static bool HasReader()
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        var polled = new PollDescriptor { Descriptor = StandardOutput };
        return Poll(ref polled, count: 1, timeout: 0) <= 0 || (polled.Returned & (Error | HangUp)) == 0;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Requested;
        public short Returned;
    }
}
