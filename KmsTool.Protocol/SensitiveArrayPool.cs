using System.Numerics;
using System.Security.Cryptography;

namespace KmsTool.Protocol;

/// <summary>
/// Pools byte arrays for secrets. They are pinned, because the garbage collector would leave a copy behind when it moves one, and
/// cleared when they go back.
/// </summary>
internal static class SensitiveArrayPool
{
    private const int MinLength = 4 * 1024;
    private const int MaxPooledLength = 1024 * 1024;

    // Of each length: 512 of the shortest, 2 of the longest.
    private const int MaxPooledBytes = 2 * 1024 * 1024;

    private static readonly Stack<byte[]>[] Free = [.. Enumerable.Range(0, IndexOf(MaxPooledLength) + 1).Select(static _ => new Stack<byte[]>())];

    /// <summary>Takes an array of at least this length. Its content is not defined.</summary>
    public static byte[] Rent(int minLength)
    {
        if (minLength > MaxPooledLength)
        {
            return GC.AllocateUninitializedArray<byte>(minLength, pinned: true);
        }

        int length = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(minLength, MinLength));
        Stack<byte[]> free = Free[IndexOf(length)];
        lock (free)
        {
            if (free.TryPop(out byte[]? array))
            {
                return array;
            }
        }

        return GC.AllocateUninitializedArray<byte>(length, pinned: true);
    }

    /// <summary>Clears an array that was taken here, and keeps it for another user.</summary>
    public static void Return(byte[] array)
    {
        CryptographicOperations.ZeroMemory(array);
        if (array.Length > MaxPooledLength)
        {
            return;
        }

        Stack<byte[]> free = Free[IndexOf(array.Length)];
        lock (free)
        {
            if (free.Count < MaxPooledBytes / array.Length)
            {
                free.Push(array);
            }
        }
    }

    /// <summary>
    /// Keeps no array any longer. Pinned arrays stay where they are, so that a few of them, scattered, would keep the memory of
    /// all that were taken at once from going back to the system.
    /// </summary>
    public static void Trim()
    {
        foreach (Stack<byte[]> free in Free)
        {
            lock (free)
            {
                free.Clear();
            }
        }
    }

    private static int IndexOf(int length) => BitOperations.Log2((uint)(length / MinLength));
}
