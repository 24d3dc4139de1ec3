using KmsTool.Cli;

namespace KmsTool.Instance.Commands;

/// <summary>stdout, which takes results only.</summary>
internal static class StandardOutput
{
    /// <exception cref="CommandFailedException">Nobody reads it, or the disk is full.</exception>
    public static async Task WriteAsync(Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        try
        {
            await using Stream output = Console.OpenStandardOutput();
            await write(output);
            await output.FlushAsync(cancellationToken);
        }
        catch (IOException e)
        {
            throw new CommandFailedException(
                ExitCode.OperationFailed, $"It was carried out, but the result could not be written to stdout: {e.Message}", e);
        }
    }
}
