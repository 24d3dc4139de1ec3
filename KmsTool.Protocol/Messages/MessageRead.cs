using System.Buffers;

namespace KmsTool.Protocol.Messages;

/// <summary>What <see cref="MessageReader.ReadAsync"/> found.</summary>
/// <param name="Status">Whether there is a message, and if not, why.</param>
/// <param name="Bytes">The message without its NUL; empty unless the status is <see cref="MessageReadStatus.Message"/>.</param>
public readonly record struct MessageRead(MessageReadStatus Status, ReadOnlySequence<byte> Bytes);

/// <summary>Outcome of reading one message.</summary>
public enum MessageReadStatus
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
