using KmsTool.Cli;

namespace KmsTool.Instance.Batch;

/// <summary>The file or the stdin that a batch comes from.</summary>
internal sealed class BatchInput : IAsyncDisposable
{
    /// <summary>Names stdin.</summary>
    public const string StandardInput = "-";

    private BatchInput(Stream stream, long? length)
    {
        Stream = stream;
        Length = length;
    }

    public Stream Stream { get; }

    /// <summary>In bytes; <see langword="null"/> where it is not known.</summary>
    public long? Length { get; }

    /// <exception cref="CommandFailedException">It cannot be opened.</exception>
    public static BatchInput Open(string path)
    {
        if (path == StandardInput)
            return new BatchInput(Console.OpenStandardInput(), null);

        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            return new BatchInput(file, file.CanSeek ? file.Length : null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, $"The batch cannot be read: {e.Message}", e);
        }
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
