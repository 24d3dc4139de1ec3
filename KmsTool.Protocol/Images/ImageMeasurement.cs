using System.Security.Cryptography;

namespace KmsTool.Protocol.Images;

/// <summary>
/// Hashes the sections as they pass, in the order that <see cref="SectionOrder"/> sees to. Each PCR is extended once from
/// zero: SHA-384 of 48 zero bytes and SHA-384 of the content.
/// </summary>
internal sealed class ImageMeasurement : IDisposable
{
    private readonly IncrementalHash _image = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);
    private readonly IncrementalHash _application = IncrementalHash.CreateHash(HashAlgorithmName.SHA384);

    /// <summary>The hash of the image up to its first ramdisk, once that has passed; what PCR1 measures.</summary>
    private byte[]? _boot;

    /// <summary>PCR1 measures what PCR0 does up to the first ramdisk, so it costs no hashing of its own.</summary>
    public void Append(ImageSectionType type, ReadOnlySpan<byte> content)
    {
        if (type is ImageSectionType.Signature or ImageSectionType.Metadata)
        {
            return;
        }
        _image.AppendData(content);
        if (_boot is not null)
        {
            _application.AppendData(content);
        }
    }

    public void EndSection(ImageSectionType type)
    {
        if (type == ImageSectionType.Ramdisk)
        {
            _boot ??= _image.GetCurrentHash();
        }
    }

    /// <summary>PCR0 to PCR2; nothing can be appended afterwards.</summary>
    public Dictionary<int, ReadOnlyMemory<byte>> End() => new()
    {
        [0] = Extend(_image.GetHashAndReset()),
        [1] = Extend(_boot),
        [2] = Extend(_application.GetHashAndReset()),
    };

    /// <summary>PCR8 of an image that is signed with this certificate, in DER.</summary>
    public static byte[] OfCertificate(ReadOnlySpan<byte> certificate) => Extend(SHA384.HashData(certificate));

    public void Dispose()
    {
        _image.Dispose();
        _application.Dispose();
    }

    private static byte[] Extend(ReadOnlySpan<byte> contentHash)
    {
        Span<byte> extended = stackalloc byte[2 * SHA384.HashSizeInBytes];
        extended.Clear();
        contentHash.CopyTo(extended[SHA384.HashSizeInBytes..]);
        return SHA384.HashData(extended);
    }
}
