namespace KmsTool.Enclave.Daemon;

/// <summary>
/// The bytes that the messages and replies of all connections together may take. A use for which not enough are left waits, and
/// is refused after a time. For many threads.
/// </summary>
/// <remarks>
/// Each use leaves room for those that come after it in the life of a command, so that connections which hold bytes and wait
/// for more never wait for each other: commands that are worked on end by themselves and need no more, whole messages get the
/// room of a reply, and one long message at least can always arrive to its end.
/// </remarks>
/// <param name="total">The bytes; at least <see cref="MinTotal"/>.</param>
/// <param name="maxMessageLength">Longest message in bytes.</param>
/// <param name="patience">How long to wait.</param>
/// <param name="time">The clock.</param>
internal sealed class MessageBudget(long total, int maxMessageLength, TimeSpan patience, TimeProvider time)
{
    /// <summary>What a connection takes with the first bytes of a message: one buffer of a pipe.</summary>
    public const int BufferSize = 4096;

    /// <summary>
    /// What a command takes, with its message if that is short, and its reply as object and as text. The longest replies, of
    /// GenerateDataKeyPair and Attest, need some 13 KB.
    /// </summary>
    public const int ReplySize = 16 * 1024;

    private readonly long[] _bounds = [total - ReplySize - LongMessage(maxMessageLength), total - ReplySize, total];
    private readonly LinkedList<Waiter>[] _waiting = [new(), new(), new()];
    private readonly Lock _lock = new();
    private long _taken;

    /// <summary>What a use is for, in the order in which a command comes to it.</summary>
    public enum Use
    {
        FirstBuffer,
        LongMessage,
        Reply,
    }

    /// <summary>What a message that is longer than a buffer takes until all of it has arrived.</summary>
    public int LongMessageSize { get; } = LongMessage(maxMessageLength);

    /// <summary>Whether no message is on its way, worked on or being answered.</summary>
    public bool IsUnused => Interlocked.Read(ref _taken) == 0;

    /// <summary>The smallest budget with which each message that is allowed can be answered.</summary>
    public static long MinTotal(int maxMessageLength) => BufferSize + LongMessage(maxMessageLength) + ReplySize;

    /// <returns>False if there were not enough bytes for too long.</returns>
    /// <exception cref="OperationCanceledException">Nothing is taken.</exception>
    public async ValueTask<bool> TakeAsync(Use use, long bytes, CancellationToken cancellationToken)
    {
        LinkedList<Waiter> waiting = _waiting[(int)use];
        LinkedListNode<Waiter> own;
        lock (_lock)
        {
            if (waiting.Count == 0 && _taken + bytes <= _bounds[(int)use])
            {
                _taken += bytes;
                return true;
            }

            own = waiting.AddLast(new Waiter(bytes));
        }

        try
        {
            await own.Value.Granted.Task.WaitAsync(patience, time, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            bool granted = !Withdraw(waiting, own);
            if (e is TimeoutException)
            {
                return granted;
            }

            if (granted)
            {
                Return(bytes);
            }

            throw;
        }
    }

    public void Return(long bytes)
    {
        lock (_lock)
        {
            _taken -= bytes;
            GrantWaiting();
        }
    }

    private static int LongMessage(int maxMessageLength) => maxMessageLength + BufferSize;

    /// <returns>False if it has been granted in the meantime.</returns>
    private bool Withdraw(LinkedList<Waiter> waiting, LinkedListNode<Waiter> own)
    {
        lock (_lock)
        {
            if (own.List is null)
            {
                return false;
            }

            waiting.Remove(own);
            // It may have been in the way of others who want less.
            GrantWaiting();
            return true;
        }
    }

    // What is nearest to its end comes first.
    private void GrantWaiting()
    {
        for (int use = _waiting.Length - 1; use >= 0; use--)
        {
            while (_waiting[use].First is { } first && _taken + first.Value.Bytes <= _bounds[use])
            {
                _taken += first.Value.Bytes;
                _waiting[use].RemoveFirst();
                first.Value.Granted.SetResult();
            }
        }
    }

    private sealed record Waiter(long Bytes)
    {
        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
