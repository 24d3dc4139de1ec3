namespace KmsTool.Protocol.Images;

/// <summary>What a section of an enclave image holds. The values are those in the file (aws-nitro-enclaves-image-format).</summary>
public enum ImageSectionType
{
    /// <summary>The Linux kernel; exactly one, before the command line.</summary>
    Kernel = 1,

    /// <summary>The kernel's command line; exactly one, before the ramdisks.</summary>
    CommandLine = 2,

    /// <summary>A ramdisk; at least one. The first boots the enclave, the others hold the application.</summary>
    Ramdisk = 3,

    /// <summary>The signature over PCR0 and the signer's certificate; at most one.</summary>
    Signature = 4,

    /// <summary>JSON about how the image was built, which no PCR measures; at most one.</summary>
    Metadata = 5,
}
