using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace KmsTool.Protocol.Images;

/// <summary>Reads one enclave image, forwards, through one buffer of 64 KiB.</summary>
internal sealed class ImageReader(Stream stream, IProgress<long>? progress) : IDisposable
{
    private const int BufferLength = 64 * 1024;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferLength);
    private readonly Crc32 _checksum = new();
    private readonly ImageMeasurement _measurement = new();
    private readonly SectionOrder _order = new();
    private readonly List<ImageSection> _sections = [];

    /// <summary>The content of the sections that are looked into, all of them of bounded size.</summary>
    private readonly Dictionary<ImageSectionType, byte[]> _kept = [];

    /// <exception cref="EnclaveImageException">It is not valid.</exception>
    public async Task<EnclaveImage> ReadAsync(CancellationToken cancellationToken)
    {
        long? fileLength = stream.CanSeek ? stream.Length - stream.Position : null;
        ImageHeader header = await ReadHeaderAsync(fileLength, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < header.Sizes.Count; i++)
        {
            await ReadSectionAsync(i, header.Offsets[i], header.Sizes[i], cancellationToken).ConfigureAwait(false);
        }
        _order.End();
        if (await stream.ReadAsync(_buffer.AsMemory(0, 1), cancellationToken).ConfigureAwait(false) != 0)
        {
            throw ImageHeader.TrailingBytes(header.Offsets[^1] + SectionHeader.Length + header.Sizes[^1], "bytes");
        }
        // Before anything is parsed: of a damaged file that is the better reason.
        uint checksum = _checksum.GetCurrentHashAsUInt32();
        if (checksum != header.Checksum)
        {
            throw new EnclaveImageException(EnclaveImageFailure.Checksum, "eif_crc32",
                $"0x{header.Checksum:x8}, expected 0x{checksum:x8}: the file is damaged");
        }
        return CreateImage(header);
    }

    public void Dispose() => _measurement.Dispose();

    private async Task<ImageHeader> ReadHeaderAsync(long? fileLength, CancellationToken cancellationToken)
    {
        Memory<byte> bytes = _buffer.AsMemory(0, ImageHeader.Length);
        await FillAsync(bytes, "header", cancellationToken).ConfigureAwait(false);
        _checksum.Append(bytes.Span[..ImageHeader.ChecksummedLength]);
        return ImageHeader.Parse(bytes.Span, fileLength);
    }

    private async Task ReadSectionAsync(int index, long offset, long size, CancellationToken cancellationToken)
    {
        Memory<byte> head = _buffer.AsMemory(0, SectionHeader.Length);
        await FillAsync(head, $"section[{index}]", cancellationToken).ConfigureAwait(false);
        _checksum.Append(head.Span);
        ImageSectionType type = SectionHeader.Parse(head.Span, index, size);
        _order.Add(type, index);
        _sections.Add(new ImageSection(type, offset, size));
        MemoryStream? kept = Keep(type, index, size);
        for (long done = 0; done < size;)
        {
            Memory<byte> part = _buffer.AsMemory(0, (int)Math.Min(BufferLength, size - done));
            int count = await stream.ReadAsync(part, cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw Truncated($"section[{index}]", $"{done} bytes of its content ({SectionOrder.Name(type)}), expected {size}");
            }
            part = part[..count];
            _checksum.Append(part.Span);
            _measurement.Append(type, part.Span);
            kept?.Write(part.Span);
            done += count;
            progress?.Report(offset + SectionHeader.Length + done);
        }
        _measurement.EndSection(type);
        if (kept is not null)
        {
            _kept.Add(type, kept.ToArray());
        }
    }

    /// <summary>Where to keep the content of a section that is looked into; it grows with what is there, not with what is claimed.</summary>
    private static MemoryStream? Keep(ImageSectionType type, int index, long size)
    {
        int? limit = type switch
        {
            ImageSectionType.CommandLine => EnclaveImage.MaxCommandLineLength,
            ImageSectionType.Signature => EnclaveImage.MaxSignatureLength,
            ImageSectionType.Metadata => EnclaveImage.MaxMetadataLength,
            _ => null,
        };
        if (size > limit)
        {
            throw new EnclaveImageException(EnclaveImageFailure.SectionTooLong, $"section[{index}].size", $"a {SectionOrder.Name(type)} of {size} bytes, expected at most {limit}");
        }
        return limit is null ? null : new MemoryStream();
    }

    private async Task FillAsync(Memory<byte> bytes, string field, CancellationToken cancellationToken)
    {
        int count = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        if (count < bytes.Length)
        {
            throw Truncated(field, $"{count} bytes of its header, expected {bytes.Length}");
        }
    }

    private EnclaveImage CreateImage(ImageHeader header)
    {
        Dictionary<int, ReadOnlyMemory<byte>> pcrs = _measurement.End();
        ImageSignature? signature = null;
        if (_kept.TryGetValue(ImageSectionType.Signature, out byte[]? signatureSection))
        {
            signature = ImageSignatureReader.Read(signatureSection, pcrs[0].Span, header.FurtherFlags);
            pcrs[8] = ImageMeasurement.OfCertificate(signature.Certificate.Span);
        }
        return new EnclaveImage
        {
            Pcrs = pcrs,
            Architecture = header.Architecture,
            FurtherFlags = header.FurtherFlags,
            DefaultMemory = header.DefaultMemory,
            DefaultCpus = header.DefaultCpus,
            CommandLine = ParseCommandLine(_kept[ImageSectionType.CommandLine]),
            Metadata = _kept.TryGetValue(ImageSectionType.Metadata, out byte[]? metadata) ? ParseMetadata(metadata) : null,
            Signature = signature,
            Sections = _sections,
            Checksum = header.Checksum,
        };
    }

    private static string ParseCommandLine(byte[] utf8) => Utf8.IsValid(utf8)
        ? Encoding.UTF8.GetString(utf8)
        : throw new EnclaveImageException(EnclaveImageFailure.CommandLine, "command line", "not text, expected UTF-8");

    private static JsonElement ParseMetadata(byte[] utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            throw NoMetadata("not UTF-8", null);
        }
        try
        {
            var metadata = JsonElement.Parse(utf8, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (metadata.ValueKind != JsonValueKind.Object)
            {
                throw NoMetadata($"JSON of kind {metadata.ValueKind}", null);
            }
            // Half a surrogate pair, written as \ud800, is found only here; otherwise it would fail where the metadata is printed.
            using var trial = new Utf8JsonWriter(Stream.Null);
            metadata.WriteTo(trial);
            return metadata;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw NoMetadata($"not JSON ({e.Message.TrimEnd('.')})", e);
        }
    }

    private static EnclaveImageException NoMetadata(string found, Exception? cause) =>
        new(EnclaveImageFailure.Metadata, "metadata", $"{found}, expected a JSON object", cause);

    private static EnclaveImageException Truncated(string field, string reason) =>
        new(EnclaveImageFailure.Truncated, field, $"the file ends after {reason}");
}
