namespace KmsTool.Tests.Protocol;

/// <summary>Damage to valid messages, the same in every run.</summary>
internal static class Mutations
{
    /// <summary>Each bit flipped in turn. The array is reused from one to the next.</summary>
    public static IEnumerable<byte[]> EveryBit(byte[] original)
    {
        byte[] mutated = [.. original];
        for (int i = 0; i < original.Length * 8; i++)
        {
            mutated[i / 8] ^= (byte)(1 << (i % 8));
            yield return mutated;
            mutated[i / 8] = original[i / 8];
        }
    }

    /// <summary>One bit of each byte flipped in turn, not always the same: for what takes long to check.</summary>
    public static IEnumerable<byte[]> OneBitOfEveryByte(byte[] original) =>
        EveryBit(original).Where((_, i) => i % 8 == i / 8 % 8);

    /// <summary>One of the originals with up to three bytes set, inserted or removed, ranges doubled, or tails exchanged.</summary>
    public static byte[] Random(Random random, byte[][] originals)
    {
        List<byte> bytes = [.. originals[random.Next(originals.Length)]];
        for (int i = random.Next(1, 4); i > 0 && bytes.Count > 0; i--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 2:
                    bytes.RemoveAt(at);
                    break;
                case 3:
                    bytes.InsertRange(at, bytes.GetRange(at, random.Next(bytes.Count - at)));
                    break;
                default:
                    byte[] other = originals[random.Next(originals.Length)];
                    bytes.RemoveRange(at, bytes.Count - at);
                    bytes.AddRange(other[random.Next(other.Length)..]);
                    break;
            }
        }
        return [.. bytes];
    }
}
