namespace KmsTool.Protocol.Images;

/// <summary>CRC-32 as in IEEE 802.3 and zlib: reflected, polynomial 0x04C11DB7, all ones before and inverted after.</summary>
internal sealed class Crc32
{
    private static readonly uint[] Table = CreateTable();

    private uint _state = uint.MaxValue;

    public uint Value => ~_state;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        uint state = _state;
        uint[] table = Table;
        foreach (byte value in bytes)
        {
            state = table[(byte)(state ^ value)] ^ (state >> 8);
        }
        _state = state;
    }

    private static uint[] CreateTable()
    {
        const uint reflectedPolynomial = 0xEDB88320;
        uint[] table = new uint[256];
        for (uint i = 0; i < table.Length; i++)
        {
            uint remainder = i;
            for (int bit = 0; bit < 8; bit++)
            {
                remainder = (remainder >> 1) ^ ((remainder & 1) * reflectedPolynomial);
            }
            table[i] = remainder;
        }
        return table;
    }
}
