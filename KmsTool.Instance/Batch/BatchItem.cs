using KmsTool.Protocol;

namespace KmsTool.Instance.Batch;

/// <summary>A line on its way through the batch, with the promise of its result.</summary>
internal sealed class BatchItem(BatchLine line)
{
    private readonly TaskCompletionSource<BatchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BatchLine Line => line;

    /// <summary>The receiver owns what it yields.</summary>
    public Task<BatchResult> Result => _result.Task;

    public void Complete(BatchResult result) => _result.SetResult(result);

    /// <summary>Ends the batch at this line.</summary>
    public void Fail(Exception exception)
    {
        _result.SetException(exception);
        // Where an earlier line ends the batch, the exception is never observed.
        _ = _result.Task.Exception;
    }

    /// <summary>Clears a result that will not be written.</summary>
    public void Discard()
    {
        if (_result.Task.IsCompletedSuccessfully)
        {
            _result.Task.Result.Dispose();
        }
    }
}

/// <summary>What came of one line.</summary>
/// <param name="Output">What goes to stdout, with its line break. Holds the plaintext.</param>
/// <param name="Failed">Whether it was not decrypted.</param>
/// <param name="Complaint">What goes to stderr; <see langword="null"/> for nothing.</param>
internal sealed record BatchResult(SensitiveBytes Output, bool Failed, string? Complaint) : IDisposable
{
    public void Dispose() => Output.Dispose();
}
