using System.Buffers;
using System.Net.Sockets;
using KmsTool.Protocol;

namespace KmsTool.Networking.Http;

/// <summary>Reads the head of one request from a connection, within bounds of length and time.</summary>
internal static class RequestHeadReader
{
    /// <param name="socket">Read from; it may be read beyond the head.</param>
    /// <param name="timeout">Longest time for the whole head.</param>
    /// <param name="time">Measures it.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    /// <exception cref="SocketException">The connection is broken.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static async Task<HeadRead> ReadAsync(Socket socket, TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var deadline = new Deadline(timeout, time, cancellationToken);
        try
        {
            // A peer that says nothing costs no buffer.
            await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, deadline.Token);
            return await ReadAsync(socket, deadline.Token);
        }
        catch (OperationCanceledException e) when (deadline.IsOver(e))
        {
            return Refused("408 Request Timeout", $"no whole request within {timeout.TotalSeconds:0.###} s");
        }
    }

    private static async Task<HeadRead> ReadAsync(Socket socket, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(RequestHead.MaxLength);
        try
        {
            int length = 0;
            while (length < RequestHead.MaxLength)
            {
                int received = await socket.ReceiveAsync(buffer.AsMemory(length, RequestHead.MaxLength - length), SocketFlags.None, cancellationToken);
                if (received == 0)
                {
                    return length == 0 ? default : Refused("400 Bad Request", "the request ends in its head");
                }

                // The end may have begun in what came before.
                int searched = Math.Max(0, length - 3);
                length += received;
                int end = buffer.AsSpan(searched, length - searched).IndexOf("\r\n\r\n"u8);
                if (end >= 0)
                {
                    return Parse(buffer.AsSpan(0, searched + end), buffer.AsSpan(searched + end + 4, length - searched - end - 4));
                }
            }

            return Refused("431 Request Header Fields Too Large", $"the head of the request is longer than {RequestHead.MaxLength} bytes");
        }
        finally
        {
            // A header field may hold a secret for another server.
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private static HeadRead Parse(ReadOnlySpan<byte> head, ReadOnlySpan<byte> rest) => RequestHead.TryParse(head, out RequestHead? parsed)
        ? new HeadRead(parsed, rest.ToArray(), null)
        : Refused("400 Bad Request", "this is not an HTTP/1.1 request");

    private static HeadRead Refused(string status, string reason) => new(null, default, HttpAnswer.Refusal(status, reason));
}

/// <summary>What came of reading a request's head.</summary>
/// <param name="Head">The head, if one came.</param>
/// <param name="Rest">What the peer has sent after it.</param>
/// <param name="Refusal">The answer that the peer is owed in place of what it asked for; <see langword="null"/> with a head, or where the peer has gone.</param>
internal readonly record struct HeadRead(RequestHead? Head, ReadOnlyMemory<byte> Rest, HttpAnswer? Refusal);
