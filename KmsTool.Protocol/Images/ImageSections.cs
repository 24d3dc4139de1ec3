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

/// <summary>
/// Checks that sections come as often and in the order that the measurements presume: kernel, command line, ramdisks, and
/// signature and metadata anywhere. AWS's tools hash in the order of the file, so another order would be another PCR0.
/// </summary>
internal sealed class SectionOrder
{
    private readonly int[] _counts = new int[(int)ImageSectionType.Metadata + 1];

    /// <exception cref="EnclaveImageException">A section of this type has no place here.</exception>
    public void Add(ImageSectionType type, int index)
    {
        bool isFirst = _counts[(int)type]++ == 0;
        if (!isFirst && type != ImageSectionType.Ramdisk)
        {
            throw Broken(index, $"a second {Name(type)}, expected one");
        }
        ImageSectionType? missing = type switch
        {
            ImageSectionType.CommandLine => ImageSectionType.Kernel,
            ImageSectionType.Ramdisk => ImageSectionType.CommandLine,
            _ => null,
        };
        if (missing is { } before && _counts[(int)before] == 0)
        {
            throw Broken(index, $"a {Name(type)}, expected a {Name(before)} before it");
        }
    }

    /// <exception cref="EnclaveImageException">A section is missing.</exception>
    public void End()
    {
        // There is no command line without a kernel.
        foreach (ImageSectionType type in (ReadOnlySpan<ImageSectionType>)[ImageSectionType.CommandLine, ImageSectionType.Ramdisk])
        {
            if (_counts[(int)type] == 0)
            {
                throw new EnclaveImageException(EnclaveImageFailure.SectionOrder, "sections", $"no {Name(type)}, expected one");
            }
        }
    }

    /// <summary>How messages call sections of this type.</summary>
    public static string Name(ImageSectionType type) => type switch
    {
        ImageSectionType.Kernel => "kernel",
        ImageSectionType.CommandLine => "command line",
        ImageSectionType.Ramdisk => "ramdisk",
        ImageSectionType.Signature => "signature",
        _ => "metadata section",
    };

    private static EnclaveImageException Broken(int index, string reason) => new(EnclaveImageFailure.SectionOrder, $"section[{index}].type", reason);
}
