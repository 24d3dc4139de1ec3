using KmsTool.CommandLine;

namespace KmsTool.Instance.Commands;

/// <summary>Reads a small file or stdin, whatever its size is.</summary>
internal static class BoundedInput
{
    /// <param name="path">A file, or <see cref="InputFile.StandardInput"/>.</param>
    /// <param name="what">What it holds, for the error: <c>The document</c>.</param>
    /// <param name="maxLength">How many bytes are of interest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>What it holds; one byte more than <paramref name="maxLength"/> where it holds more.</returns>
    /// <exception cref="CommandFailedException">It cannot be read.</exception>
    public static async Task<byte[]> ReadAsync(string path, string what, int maxLength, CancellationToken cancellationToken)
    {
        try
        {
            await using Stream file = await InputFile.OpenAsync(path, what, cancellationToken);
            byte[] content = new byte[maxLength + 1];
            // Reading stdin cannot be cancelled; on Ctrl+C it is left behind.
            int length = await file.ReadAtLeastAsync(content, content.Length, throwOnEndOfStream: false, cancellationToken)
                .AsTask().WaitAsync(cancellationToken);
            return content[..length];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"{what} cannot be read: {e.Message}", e);
        }
    }
}
