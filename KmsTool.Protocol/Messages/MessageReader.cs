using System.Buffers;
using System.IO.Pipelines;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Splits a byte stream into messages, each ended by one NUL byte. A message over the limit is reported once and skipped to
/// its end, so that the connection stays usable.
/// </summary>
/// <param name="reader">Where the bytes come from; completing it stays with the caller.</param>
/// <param name="maxLength">Longest message accepted, in bytes without its NUL.</param>
internal sealed class MessageReader(PipeReader reader, int maxLength)
{
    /// <summary>Default limit of a message in bytes.</summary>
    public const int DefaultMaxLength = 64 * 1024;

    private readonly IMessageAdmission? _admission;
    private SequencePosition? _consumed;
    private bool _skipping;
    private bool _hasMore;
    private long _scanned;

    /// <param name="reader">Where the bytes come from; completing it stays with the caller.</param>
    /// <param name="maxLength">Longest message accepted, in bytes without its NUL.</param>
    /// <param name="admission">Decides which messages are read. Others are reported and skipped, as those that are too long.</param>
    internal MessageReader(PipeReader reader, int maxLength, IMessageAdmission admission)
        : this(reader, maxLength) => _admission = admission;

    /// <summary>
    /// Waits for the next message. Its bytes are valid until the next call, or until <see cref="Release"/>.
    /// </summary>
    /// <exception cref="IOException">The connection failed.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled; what had arrived is kept.</exception>
    public async ValueTask<MessageRead> ReadAsync(CancellationToken cancellationToken)
    {
        Release();
        while (true)
        {
            if (_admission is not null && !_skipping && !_hasMore)
            {
                await _admission.AwaitArrivalAsync(cancellationToken).ConfigureAwait(false);
            }

            ReadResult result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            ReadOnlySequence<byte> buffer = result.Buffer;
            // Bytes already searched in an earlier round hold no NUL: one slow, long message costs linear work.
            SequencePosition? end = buffer.Slice(Math.Min(_scanned, buffer.Length)).PositionOf((byte)0);
            if (end is { } nul)
            {
                ReadOnlySequence<byte> message = buffer.Slice(0, nul);
                SequencePosition next = buffer.GetPosition(1, nul);
                _scanned = 0;
                _hasMore = !buffer.Slice(next).IsEmpty;
                if (_skipping)
                {
                    _skipping = false;
                    reader.AdvanceTo(next);
                    continue;
                }

                _consumed = next;
                if (message.Length > maxLength)
                {
                    return new MessageRead(MessageReadStatus.TooLong, default);
                }

                return await IsAdmittedAsync(message.Length, true, cancellationToken).ConfigureAwait(false)
                    ? new MessageRead(MessageReadStatus.Message, message)
                    : new MessageRead(MessageReadStatus.Refused, default);
            }

            if (buffer.Length > maxLength && !_skipping)
            {
                return Skip(MessageReadStatus.TooLong, buffer.End);
            }

            if (result.IsCompleted)
            {
                bool truncated = !buffer.IsEmpty || _skipping;
                reader.AdvanceTo(buffer.End);
                return new MessageRead(truncated ? MessageReadStatus.Truncated : MessageReadStatus.End, default);
            }

            if (_skipping)
            {
                reader.AdvanceTo(buffer.End);
            }
            else if (await IsAdmittedAsync(buffer.Length, false, cancellationToken).ConfigureAwait(false))
            {
                _hasMore = true;
                _scanned = buffer.Length;
                reader.AdvanceTo(buffer.Start, buffer.End);
            }
            else
            {
                return Skip(MessageReadStatus.Refused, buffer.End);
            }
        }
    }

    /// <summary>Gives the last message's buffer back (and clears it) before the next call of <see cref="ReadAsync"/>.</summary>
    public void Release()
    {
        if (_consumed is { } position)
        {
            _consumed = null;
            reader.AdvanceTo(position);
        }
    }

    private ValueTask<bool> IsAdmittedAsync(long length, bool isWhole, CancellationToken cancellationToken) =>
        _admission?.AdmitAsync(length, isWhole, cancellationToken) ?? ValueTask.FromResult(true);

    private MessageRead Skip(MessageReadStatus status, SequencePosition end)
    {
        _skipping = true;
        _hasMore = false;
        _scanned = 0;
        reader.AdvanceTo(end);
        return new MessageRead(status, default);
    }
}

/// <summary>What <see cref="MessageReader.ReadAsync"/> found.</summary>
/// <param name="Status">Whether there is a message, and if not, why.</param>
/// <param name="Bytes">The message without its NUL; empty unless the status is <see cref="MessageReadStatus.Message"/>.</param>
internal readonly record struct MessageRead(MessageReadStatus Status, ReadOnlySequence<byte> Bytes);

/// <summary>Outcome of reading one message.</summary>
internal enum MessageReadStatus
{
    /// <summary>A whole message.</summary>
    Message,

    /// <summary>A message over the limit; it is skipped, and the next one can be read.</summary>
    TooLong,

    /// <summary>A message for which there was no room; it is skipped, and the next one can be read.</summary>
    Refused,

    /// <summary>The peer closed its side after a whole message.</summary>
    End,

    /// <summary>The peer closed its side within a message.</summary>
    Truncated,
}

/// <summary>Decides whether there is room for the messages of a <see cref="MessageReader"/>.</summary>
internal interface IMessageAdmission
{
    /// <summary>Waits until bytes of a message are there to be read; none has been read yet.</summary>
    public ValueTask AwaitArrivalAsync(CancellationToken cancellationToken);

    /// <summary>Whether a message may be read on, or if it is whole, be had.</summary>
    /// <param name="length">Bytes of it that have been read.</param>
    /// <param name="isWhole">Whether that is all of it.</param>
    /// <param name="cancellationToken">Ends waiting for room.</param>
    public ValueTask<bool> AdmitAsync(long length, bool isWhole, CancellationToken cancellationToken);
}
