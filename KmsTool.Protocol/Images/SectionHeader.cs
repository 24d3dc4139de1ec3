using System.Buffers.Binary;

namespace KmsTool.Protocol.Images;

/// <summary>The header before a section's content, 12 bytes, big-endian: u16 type, u16 flags, u64 size.</summary>
internal static class SectionHeader
{
    public const int Length = 12;

    /// <param name="bytes">The header, <see cref="Length"/> bytes.</param>
    /// <param name="index">The section's number, from 0.</param>
    /// <param name="size">The size that the image's header tells.</param>
    /// <exception cref="EnclaveImageException">A field is not as it should be.</exception>
    public static ImageSectionType Parse(ReadOnlySpan<byte> bytes, int index, long size)
    {
        ushort type = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        ushort flags = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        ulong ownSize = BinaryPrimitives.ReadUInt64BigEndian(bytes[4..]);
        if (type is < (ushort)ImageSectionType.Kernel or > (ushort)ImageSectionType.Metadata)
        {
            throw new EnclaveImageException(EnclaveImageFailure.SectionType, $"section[{index}].type",
                $"{type}, expected 1 (kernel), 2 (command line), 3 (ramdisk), 4 (signature) or 5 (metadata)");
        }
        if (flags != 0)
        {
            throw new EnclaveImageException(EnclaveImageFailure.Flags, $"section[{index}].flags", $"0x{flags:x4}, expected 0x0000");
        }
        if (ownSize != (ulong)size)
        {
            throw new EnclaveImageException(EnclaveImageFailure.SectionSize, $"section[{index}].size", $"{ownSize}, expected {size} as in section_sizes[{index}]");
        }
        return (ImageSectionType)type;
    }
}
