using System.Buffers.Binary;

namespace KmsTool.Protocol.Nsm;

/// <summary>
/// How NSM messages travel over a stream, in place of the device's ioctl: a 4-byte big-endian length, then that many
/// bytes of CBOR, both ways.
/// </summary>
internal static class NsmFraming
{
    private const int HeaderLength = sizeof(uint);

    /// <summary>Reads one message; null when the stream ended before its first byte.</summary>
    /// <exception cref="NsmException">Empty, longer than <paramref name="maxLength"/>, or cut off.</exception>
    public static async ValueTask<byte[]?> ReadAsync(Stream stream, int maxLength, CancellationToken cancellationToken)
    {
        byte[] header = new byte[HeaderLength];
        int read = await stream.ReadAtLeastAsync(header, HeaderLength, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            return null;
        }
        if (read < HeaderLength)
        {
            throw CutOff();
        }
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length == 0)
        {
            throw new NsmException(NsmErrorCode.InvalidArgument, "NSM message is empty");
        }
        if (length > maxLength)
        {
            throw new NsmException(NsmErrorCode.InputTooLarge, $"NSM message of {length} bytes is larger than {maxLength}");
        }
        byte[] message = new byte[length];
        read = await stream.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return read == message.Length ? message : throw CutOff();
    }

    /// <summary>Writes one message, header and body in a single write.</summary>
    public static ValueTask WriteAsync(Stream stream, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        byte[] framed = new byte[HeaderLength + message.Length];
        BinaryPrimitives.WriteUInt32BigEndian(framed, (uint)message.Length);
        message.CopyTo(framed.AsMemory(HeaderLength));
        return stream.WriteAsync(framed, cancellationToken);
    }

    private static NsmException CutOff() => new(NsmErrorCode.InvalidArgument, "the stream ended inside an NSM message");
}
