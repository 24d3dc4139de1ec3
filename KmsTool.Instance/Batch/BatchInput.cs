using KmsTool.CommandLine;

namespace KmsTool.Instance.Batch;

/// <summary>The file or the stdin that a batch comes from.</summary>
internal sealed class BatchInput : IAsyncDisposable
{
    private BatchInput(Stream stream, long? length)
    {
        Stream = stream;
        Length = length;
    }

    public Stream Stream { get; }

    /// <summary>In bytes; <see langword="null"/> where it is not known.</summary>
    public long? Length { get; }

    /// <exception cref="CommandFailedException">It cannot be opened.</exception>
    public static async Task<BatchInput> OpenAsync(string path, CancellationToken cancellationToken)
    {
        Stream stream = await InputFile.OpenAsync(path, "The batch", cancellationToken);
        return new BatchInput(stream, stream is FileStream { CanSeek: true } ? stream.Length : null);
    }

    public ValueTask DisposeAsync() => Stream.DisposeAsync();
}
