namespace KmsTool.Protocol.Images;

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
