using System.Text;

namespace KmsTool.CommandLine;

/// <summary>stdout, which takes results only.</summary>
internal static class StandardOutput
{
    /// <exception cref="CommandFailedException">Nobody reads it, or the disk is full.</exception>
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

    /// <summary>For text that is no secret.</summary>
    /// <inheritdoc cref="WriteAsync(Func{Stream, Task}, CancellationToken)"/>
    public static Task WriteAsync(string text, CancellationToken cancellationToken) =>
        WriteAsync(output => output.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).AsTask(), cancellationToken);

    private static CommandFailedException Failed(string reason, Exception? cause) =>
        new(ExitCode.OperationFailed, $"It was carried out, but the result could not be written to stdout: {reason}", cause);
}
