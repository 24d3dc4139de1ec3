using System.Buffers.Binary;

namespace KmsTool.Protocol.Images;

/// <summary>
/// The header of an enclave image, 548 bytes, big-endian: magic, u16 version, u16 flags, u64 default memory, u64 default
/// processors, u16 reserved, u16 number of sections, u64[32] offsets, u64[32] sizes, u32 unused, u32 CRC-32.
/// </summary>
internal sealed class ImageHeader
{
    public const int Length = 548;

    /// <summary>How much of it goes into the CRC-32, which is the rest.</summary>
    public const int ChecksummedLength = Length - sizeof(uint);

    private const int MaxSections = 32;

    /// <summary>A kernel, a command line and a ramdisk.</summary>
    private const int MinSections = 3;

    private const ushort Arm64Flag = 1;
    private const int OffsetsAt = 28;
    private const int SizesAt = OffsetsAt + (MaxSections * sizeof(ulong));
    private const int UnusedAt = SizesAt + (MaxSections * sizeof(ulong));

    private ImageHeader(ReadOnlySpan<byte> bytes, long[] offsets, long[] sizes)
    {
        ushort flags = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        Architecture = (flags & Arm64Flag) != 0 ? ImageArchitecture.Arm64 : ImageArchitecture.X64;
        FurtherFlags = (ushort)(flags & ~Arm64Flag);
        DefaultMemory = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        DefaultCpus = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        Checksum = BinaryPrimitives.ReadUInt32BigEndian(bytes[ChecksummedLength..]);
        Offsets = offsets;
        Sizes = sizes;
    }

    public ImageArchitecture Architecture { get; }

    public ushort FurtherFlags { get; }

    public ulong DefaultMemory { get; }

    public ulong DefaultCpus { get; }

    public IReadOnlyList<long> Offsets { get; }

    public IReadOnlyList<long> Sizes { get; }

    public uint Checksum { get; }

    /// <param name="bytes">The header, <see cref="Length"/> bytes.</param>
    /// <param name="fileLength">The length of the whole file, or null where only reading it will tell.</param>
    /// <exception cref="EnclaveImageException">A field is not as it should be.</exception>
    public static ImageHeader Parse(ReadOnlySpan<byte> bytes, long? fileLength)
    {
        if (!bytes[..4].SequenceEqual(".eif"u8))
        {
            throw new EnclaveImageException(EnclaveImageFailure.Magic, "magic", $"{Convert.ToHexStringLower(bytes[..4])}, expected 2e656966 (\".eif\")");
        }
        ushort version = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (version != 4)
        {
            throw new EnclaveImageException(EnclaveImageFailure.Version, "version", $"{version}, expected 4");
        }
        RequireZero("reserved", BinaryPrimitives.ReadUInt16BigEndian(bytes[24..]));
        ushort count = BinaryPrimitives.ReadUInt16BigEndian(bytes[26..]);
        if (count is < MinSections or > MaxSections)
        {
            throw new EnclaveImageException(EnclaveImageFailure.SectionCount, "num_sections", $"{count}, expected {MinSections} to {MaxSections}");
        }
        long[] offsets = new long[count];
        long[] sizes = new long[count];
        ReadPlaces(bytes, offsets, sizes, fileLength);
        RequireZero("unused", BinaryPrimitives.ReadUInt32BigEndian(bytes[UnusedAt..]));
        return new ImageHeader(bytes, offsets, sizes);
    }

    /// <summary>Sections lie one after the other, without gaps: the tools that measure images know no others.</summary>
    private static void ReadPlaces(ReadOnlySpan<byte> bytes, long[] offsets, long[] sizes, long? fileLength)
    {
        long expectedOffset = Length;
        for (int i = 0; i < MaxSections; i++)
        {
            ulong offset = BinaryPrimitives.ReadUInt64BigEndian(bytes[(OffsetsAt + (i * sizeof(ulong)))..]);
            ulong size = BinaryPrimitives.ReadUInt64BigEndian(bytes[(SizesAt + (i * sizeof(ulong)))..]);
            if (i >= offsets.Length)
            {
                RequireZero($"section_offsets[{i}]", offset);
                RequireZero($"section_sizes[{i}]", size);
                continue;
            }
            if (offset != (ulong)expectedOffset)
            {
                string before = i == 0 ? "the header" : $"section {i - 1}";
                string how = offset < (ulong)expectedOffset ? "overlaps" : "leaves a gap after";
                throw new EnclaveImageException(EnclaveImageFailure.SectionOffset, $"section_offsets[{i}]", $"{offset} {how} {before}, expected {expectedOffset}");
            }
            long left = (fileLength ?? long.MaxValue) - expectedOffset - SectionHeader.Length;
            if (left < 0 || size > (ulong)left)
            {
                throw new EnclaveImageException(EnclaveImageFailure.SectionSize, $"section_sizes[{i}]",
                    $"{size} bytes are past the end of the file, expected at most {Math.Max(left, 0)}");
            }
            offsets[i] = expectedOffset;
            sizes[i] = (long)size;
            expectedOffset += SectionHeader.Length + (long)size;
        }
        if (fileLength > expectedOffset)
        {
            throw TrailingBytes(expectedOffset, $"{fileLength - expectedOffset} bytes");
        }
    }

    public static EnclaveImageException TrailingBytes(long end, string what) =>
        new(EnclaveImageFailure.TrailingBytes, "end of file", $"{what} after the last section, expected it to end at {end}");

    private static void RequireZero(string field, ulong value)
    {
        if (value != 0)
        {
            throw new EnclaveImageException(EnclaveImageFailure.Reserved, field, $"{value}, expected 0");
        }
    }
}
