using System.Text.Json.Serialization.Metadata;

namespace KmsTool.Instance.Client;

/// <summary>A command that was sent and not answered yet.</summary>
/// <param name="Operation">Its operation.</param>
/// <param name="Content">What its reply holds; <see langword="null"/> for nothing.</param>
internal sealed record PendingReply(string Operation, JsonTypeInfo? Content)
{
    private readonly TaskCompletionSource<EnclaveReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<EnclaveReply> Reply => _reply.Task;

    public void Complete(EnclaveReply reply)
    {
        // Nobody waits any more: what it holds is cleared.
        if (!_reply.TrySetResult(reply) && reply is EnclaveReply.Done { Content: { } content })
        {
            content.Dispose();
        }
    }

    public void Fail(Exception exception) => _reply.TrySetException(exception);

    /// <summary>Nobody waits for it any more.</summary>
    public void Abandon()
    {
        _reply.TrySetCanceled();
        // It may have come just then.
        if (_reply.Task is { IsCompletedSuccessfully: true, Result: EnclaveReply.Done { Content: { } content } })
        {
            content.Dispose();
        }

        // Or failed, at which nobody looks.
        _ = _reply.Task.Exception;
    }
}
