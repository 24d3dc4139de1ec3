using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>
/// What one connection has taken of the daemon's <see cref="MessageBudget"/>: nothing while it is idle, then for the message
/// that arrives, then for each command until its reply has been sent. Disposing of it returns everything.
/// </summary>
/// <param name="budget">The daemon's.</param>
/// <param name="stream">The connection.</param>
internal sealed class ConnectionBudget(MessageBudget budget, Stream stream) : IMessageAdmission, IDisposable
{
    // By the reading side only.
    private long _arriving;
    private bool _refused;
    private long _charge;

    private long _commands;

    public async ValueTask AwaitArrivalAsync(CancellationToken cancellationToken)
    {
        // Idle, without a buffer; one is rented only after its bytes have been taken.
        Keep(0);
        _ = await stream.ReadAsync(Memory<byte>.Empty, cancellationToken);
        _refused = !await GrowAsync(MessageBudget.Use.FirstBuffer, MessageBudget.BufferSize, cancellationToken);
    }

    public async ValueTask<bool> AdmitAsync(long length, bool isWhole, CancellationToken cancellationToken)
    {
        bool refused = _refused;
        _refused = false;
        // A message that has filled its buffer needs more than that.
        bool isShort = length < MessageBudget.BufferSize || (isWhole && length == MessageBudget.BufferSize);
        if (refused
            || !await GrowAsync(MessageBudget.Use.FirstBuffer, MessageBudget.BufferSize, cancellationToken)
            || (!isShort && !await GrowAsync(MessageBudget.Use.LongMessage, budget.LongMessageSize, cancellationToken))
            || (isWhole && !await budget.TakeAsync(MessageBudget.Use.Reply, MessageBudget.ReplySize, cancellationToken)))
        {
            Keep(0);
            return false;
        }

        if (isWhole)
        {
            // A short message and its reply take no more than a long reply. What has arrived of further messages is in a
            // buffer, for which there is room already: waiting for it now could have all connections wait for each other.
            long own = isShort ? 0 : length;
            _arriving -= own;
            _charge = own + MessageBudget.ReplySize;
            Interlocked.Add(ref _commands, _charge);
            Keep(MessageBudget.BufferSize);
        }

        return true;
    }

    /// <summary>What the last message has taken, for <see cref="Return"/>; 0 if it was refused.</summary>
    public long TakeCharge()
    {
        long charge = _charge;
        _charge = 0;
        return charge;
    }

    /// <summary>The reply to a message has been sent.</summary>
    public void Return(long charge)
    {
        Interlocked.Add(ref _commands, -charge);
        budget.Return(charge);
    }

    public void Dispose()
    {
        Keep(0);
        Return(Interlocked.Read(ref _commands));
    }

    private async ValueTask<bool> GrowAsync(MessageBudget.Use use, long size, CancellationToken cancellationToken)
    {
        long missing = size - _arriving;
        if (missing <= 0)
        {
            return true;
        }

        if (!await budget.TakeAsync(use, missing, cancellationToken))
        {
            return false;
        }

        _arriving = size;
        return true;
    }

    private void Keep(long bytes)
    {
        if (_arriving > bytes)
        {
            budget.Return(_arriving - bytes);
            _arriving = bytes;
        }
    }
}
