namespace KmsTool.Cli;

/// <summary>A file or stdin, opened so that Ctrl+C ends the wait for it.</summary>
internal static class InputFile
{
    /// <summary>Names stdin.</summary>
    public const string StandardInput = "-";

    /// <param name="path">A file, or <see cref="StandardInput"/>.</param>
    /// <param name="what">What it holds, for the error: <c>The ciphertext</c>.</param>
    /// <param name="cancellationToken">Ends the wait: opening a FIFO lasts until somebody writes to it.</param>
    /// <exception cref="CommandFailedException">It cannot be opened.</exception>
    public static async Task<Stream> OpenAsync(string path, string what, CancellationToken cancellationToken)
    {
        if (path == StandardInput)
            return Console.OpenStandardInput();

        try
        {
            return await Task.Run(() => Open(path), cancellationToken).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"{what} cannot be read: {e.Message}", e);
        }
    }

    private static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
}
