using System.Buffers;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace KmsTool.Tests.Support;

/// <summary>Moves many bytes and hashes them at each end.</summary>
internal static class HashedTransfer
{
    private const int BlockSize = 1 << 20;
    private const int PieceSize = 256 * 1024;

    /// <summary>Sends pieces from anywhere in a block of random bytes, so that none can take another's place, and closes the side.</summary>
    public static async Task<byte[]> SendAsync(Socket socket, long length, int seed, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        byte[] block = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            random.NextBytes(block.AsSpan(0, BlockSize));
            while (length > 0)
            {
                int piece = (int)Math.Min(length, PieceSize);
                Memory<byte> part = block.AsMemory(random.Next(BlockSize - piece), piece);
                hash.AppendData(part.Span);
                for (int sent = 0; sent < piece;)
                {
                    sent += await socket.SendAsync(part[sent..], cancellationToken);
                }

                length -= piece;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(block);
        }

        socket.Shutdown(SocketShutdown.Send);
        return hash.GetHashAndReset();
    }

    /// <summary>Receives to the peer's end.</summary>
    public static async Task<(long Length, byte[] Hash)> ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            long length = 0;
            int received;
            while ((received = await socket.ReceiveAsync(buffer, cancellationToken)) > 0)
            {
                hash.AppendData(buffer.AsSpan(0, received));
                length += received;
            }

            return (length, hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
