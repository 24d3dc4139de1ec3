using System.Diagnostics.CodeAnalysis;

namespace KmsTool.CommandLine;

/// <summary>A file or stdin, opened so that Ctrl+C ends the wait for it.</summary>
internal static class InputFile
{
    /// <summary>Names stdin.</summary>
    public const string StandardInput = "-";

    private const string TextPrefix = "file://";
    private const string BytesPrefix = "fileb://";

    /// <param name="path">A file, or <see cref="StandardInput"/>.</param>
    /// <param name="what">What it holds, for the error: <c>The ciphertext</c>.</param>
    /// <param name="cancellationToken">Ends the wait: opening a FIFO lasts until a process opens it for writing.</param>
    /// <exception cref="CommandFailedException">It cannot be opened.</exception>
    public static async Task<Stream> OpenAsync(string path, string what, CancellationToken cancellationToken)
    {
        if (path == StandardInput)
        {
            return Console.OpenStandardInput();
        }

        try
        {
            return await Task.Run(() => Open(path), cancellationToken).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"{what} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Reads the AWS CLI's way to name a file in place of a value: <c>file://PATH</c> for one that holds the value's text, which
    /// is base64 where the value is binary, and <c>fileb://PATH</c> for one that holds its bytes.
    /// </summary>
    public static bool TryParseReference(string value, [NotNullWhen(true)] out string? path, out bool holdsBytes)
    {
        holdsBytes = value.StartsWith(BytesPrefix, StringComparison.Ordinal);
        path = holdsBytes ? value[BytesPrefix.Length..]
            : value.StartsWith(TextPrefix, StringComparison.Ordinal) ? value[TextPrefix.Length..]
            : null;
        return path is not null;
    }

    /// <summary>Reads a short file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it holds, for the error.</param>
    /// <param name="maxLength">Its greatest length.</param>
    /// <exception cref="CommandFailedException">It cannot be read, or is too long.</exception>
    public static byte[] Read(string path, string what, int maxLength)
    {
        try
        {
            using FileStream file = Open(path);
            byte[] content = new byte[maxLength + 1];
            int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return length <= maxLength
                ? content[..length]
                : throw new CommandFailedException(ExitCode.WrongUsage, $"{what} cannot be read: '{path}' has more than {maxLength} bytes.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"{what} cannot be read: {e.Message}", e);
        }
    }

    private static FileStream Open(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
}
