namespace KmsTool.Instance.Batch;

/// <summary>A line on its way through the batch, with the promise of its result.</summary>
internal sealed class BatchItem(BatchLine line)
{
    private readonly TaskCompletionSource<BatchResult> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public BatchLine Line => line;

    /// <summary>The receiver owns what it yields.</summary>
    public Task<BatchResult> Result => _result.Task;

    public void Complete(BatchResult result) => _result.SetResult(result);

    /// <summary>It has no result and the batch no future.</summary>
    public void Fail(Exception exception)
    {
        _result.SetException(exception);
        // Where an earlier line ends the batch, nobody looks at it.
        _ = _result.Task.Exception;
    }

    /// <summary>Clears a result that nobody will write.</summary>
    public void Discard()
    {
        if (_result.Task.IsCompletedSuccessfully)
        {
            _result.Task.Result.Dispose();
        }
    }
}
