using System.Text.Json;

namespace KmsTool.Protocol.Images;

/// <summary>
/// An enclave image file (EIF) of version 4, checked and measured: what <c>nitro-cli build-enclave</c> writes and
/// <c>nitro-cli run-enclave</c> boots (format: github.com/aws/aws-nitro-enclaves-image-format).
/// </summary>
public sealed class EnclaveImage
{
    /// <summary>The longest command line that is read, in bytes: 64 KiB. Linux itself takes 2 to 4 KiB.</summary>
    public const int MaxCommandLineLength = 64 * 1024;

    /// <summary>The longest metadata that is read, in bytes: 1 MiB.</summary>
    public const int MaxMetadataLength = 1024 * 1024;

    /// <summary>The longest signature section that is read, in bytes: 64 KiB.</summary>
    public const int MaxSignatureLength = 64 * 1024;

    /// <summary>
    /// The measurements that the Nitro Secure Module will report for an enclave of this image (outside of debug mode, where
    /// they are zero), 48 bytes each, by index: 0 (the whole image), 1 (kernel, command line and first ramdisk), 2 (the other
    /// ramdisks) and, where the image is signed, 8 (the signing certificate). Each is SHA-384 of 48 zero bytes and SHA-384
    /// of the content.
    /// </summary>
    public required IReadOnlyDictionary<int, ReadOnlyMemory<byte>> Pcrs { get; init; }

    /// <summary>The processors that it is for.</summary>
    public required ImageArchitecture Architecture { get; init; }

    /// <summary>
    /// The header's <c>flags</c> without bit 0, which is <see cref="Architecture"/>. Version 4 defines none; Bottlerocket's
    /// builder sets some, and may compute PCR0 from them, too. <see cref="Pcrs"/> follow the published rule all the same.
    /// </summary>
    public ushort FurtherFlags { get; init; }

    /// <summary>Memory of the enclave where its starter names none, in bytes (<c>default_mem</c>).</summary>
    public required ulong DefaultMemory { get; init; }

    /// <summary>Processors of the enclave where its starter names none (<c>default_cpus</c>).</summary>
    public required ulong DefaultCpus { get; init; }

    /// <summary>The kernel's command line, at most <see cref="MaxCommandLineLength"/> bytes of UTF-8.</summary>
    public required string CommandLine { get; init; }

    /// <summary>
    /// What the builder states about the image, a JSON object, or <see langword="null"/>. No PCR measures it: any party that has the file can change it.
    /// </summary>
    public JsonElement? Metadata { get; init; }

    /// <summary>Who signed the image, or null where it is not signed.</summary>
    public ImageSignature? Signature { get; init; }

    /// <summary>The sections in the order of the file.</summary>
    public required IReadOnlyList<ImageSection> Sections { get; init; }

    /// <summary>The CRC-32 of the image, which was right.</summary>
    public required uint Checksum { get; init; }

    /// <summary>
    /// Reads an image from the position of <paramref name="stream"/> to its end, once and forwards, checks its structure, its CRC-32 and,
    /// if it is signed, its signature, and computes its PCRs. The memory that it takes does not depend on the size of the image.
    /// </summary>
    /// <param name="stream">The image. The stream need not be seekable; in one that is, a size past the end is found at once.</param>
    /// <param name="progress">Gets the number of bytes that have been read, after each part of at most 64 KiB.</param>
    /// <param name="cancellationToken">Cancels reading.</param>
    /// <exception cref="EnclaveImageException">The stream is not a valid image of version 4.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public static async Task<EnclaveImage> MeasureAsync(
        Stream stream, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var reader = new ImageReader(stream, progress);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>The processors that an enclave image is for (bit 0 of the header's <c>flags</c>).</summary>
public enum ImageArchitecture
{
    /// <summary>64-bit x86; the bit is clear.</summary>
    X64,

    /// <summary>64-bit Arm, Graviton; the bit is set.</summary>
    Arm64,
}

/// <summary>Where a section of an enclave image lies.</summary>
/// <param name="Type">What it holds.</param>
/// <param name="Offset">Where its 12-byte header starts, in bytes from the start of the image.</param>
/// <param name="Size">The length of its content in bytes, which follows the header.</param>
public sealed record ImageSection(ImageSectionType Type, long Offset, long Size);

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
