using System.Runtime.InteropServices;
using System.Text;

namespace KmsTool.CommandLine;

/// <summary>Writes results to stdout, which holds nothing else.</summary>
internal static class StandardOutput
{
    /// <exception cref="CommandFailedException">stdout has no reader, or the disk is full.</exception>
    public static async Task WriteAsync(Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        if (!StandardOutputPipe.HasReader())
        {
            throw Failed("no one reads it any more", null);
        }

        try
        {
            await using Stream output = Console.OpenStandardOutput();
            await write(output);
            await output.FlushAsync(cancellationToken);
        }
        catch (IOException e)
        {
            throw Failed(e.Message, e);
        }
    }

    /// <summary>Writes text that is not a secret.</summary>
    /// <inheritdoc cref="WriteAsync(Func{Stream, Task}, CancellationToken)"/>
    public static Task WriteAsync(string text, CancellationToken cancellationToken) =>
        WriteAsync(output => output.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).AsTask(), cancellationToken);

    private static CommandFailedException Failed(string reason, Exception? cause) =>
        new(ExitCode.OperationFailed, $"It was carried out, but the result could not be written to stdout: {reason}", cause);
}

/// <summary>
/// Detects a stdout without a reader: <c>head</c>, for example, closes the pipe early. .NET's console drops what is written to
/// such a pipe and reports no error, so that a lost result would pass for a success.
/// </summary>
internal static partial class StandardOutputPipe
{
    private const int StandardOutput = 1;

    // poll(2) returns POLLERR and POLLHUP even if they are not requested.
    private const short Error = 8;
    private const short HangUp = 16;

    /// <summary>Gets whether stdout has a reader. On systems other than Linux this is always <see langword="true"/>.</summary>
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
