using System.Buffers.Binary;
using System.Net.Sockets;
using KmsTool.Protocol.Sockets;

namespace KmsTool.Protocol.Nsm;

/// <summary>
/// A stand-in for the Nitro Secure Module on a stream socket, for machines without the device. Connects when first asked
/// and again after a failure.
/// </summary>
internal sealed class NsmSocket(StreamAddress address, StreamSocketOptions sockets) : INsm
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turn = new(1);
    private NetworkStream? _stream;

    public async ValueTask<NsmResponse> SendAsync(NsmRequest request, CancellationToken cancellationToken)
    {
        byte[] message = request.Encode();
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        using var deadline = new Deadline(Timeout, TimeProvider.System, cancellationToken);
        bool answered = false;
        try
        {
            _stream ??= new NetworkStream(await StreamConnector.ConnectAsync(address, sockets, deadline.Token).ConfigureAwait(false), ownsSocket: true);
            await NsmFraming.WriteAsync(_stream, message, deadline.Token).ConfigureAwait(false);
            byte[] answer = await NsmFraming.ReadAsync(_stream, NsmLimits.MaxResponseLength, deadline.Token).ConfigureAwait(false)
                ?? throw new IOException($"{address} closed the connection without an answer");
            answered = true;
            return NsmResponse.Decode(answer);
        }
        catch (SocketException e)
        {
            throw new IOException($"{address}: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"{address} gave no answer within {Timeout.TotalSeconds} s", e);
        }
        finally
        {
            // A response that comes too late must not be taken for that to the next request.
            if (!answered)
            {
                Disconnect();
            }

            _turn.Release();
        }
    }

    public ValueTask DisposeAsync()
    {
        Disconnect();
        _turn.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Disconnect()
    {
        _stream?.Dispose();
        _stream = null;
    }
}

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
