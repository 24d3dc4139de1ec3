namespace KmsTool.Instance.Batch;

/// <summary>How a batch is done.</summary>
internal sealed record BatchOptions
{
    public const int MaxConnections = 64;
    public const int DefaultConnections = 4;

    /// <summary>A file, or <c>-</c> for stdin.</summary>
    public required string Path { get; init; }

    /// <summary>1 to <see cref="MaxConnections"/>.</summary>
    public int Connections { get; init; } = DefaultConnections;

    /// <summary>Whether lines are decrypted that follow one that failed.</summary>
    public bool ContinueOnError { get; init; }

    public BatchFormat Format { get; init; }
}
