using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace KmsTool.Tests.Protocol.Images;

/// <summary>Writes enclave image files as facts of the format say, with nothing of the library's code; fields can be patched.</summary>
internal sealed class TestImage
{
    public const int HeaderLength = 548;
    public const int SectionHeaderLength = 12;
    public const int CrcAt = HeaderLength - 4;

    public const ushort KernelType = 1;
    public const ushort CommandLineType = 2;
    public const ushort RamdiskType = 3;
    public const ushort SignatureType = 4;
    public const ushort MetadataType = 5;

    public const string CommandLine = "reboot=k panic=30 pci=off nomodules console=ttyS0 root=/dev/ram0";
    public const string Metadata = """{"ImageName":"test","ImageVersion":"1","DockerInfo":{}}""";

    public static readonly byte[] Kernel = Pattern(3_000, 1);
    public static readonly byte[] Boot = Pattern(2_000, 2);
    public static readonly byte[] Application = Pattern(70_001, 3);

    public ushort Flags { get; init; }

    public ulong DefaultMemory { get; init; } = 512UL << 20;

    public ulong DefaultCpus { get; init; } = 2;

    public List<(ushort Type, byte[] Content)> Sections { get; init; } = [];

    /// <summary>Kernel, command line, metadata and two ramdisks, as AWS's tools order them.</summary>
    public static TestImage Create() => new()
    {
        Sections =
        [
            (KernelType, Kernel),
            (CommandLineType, Encoding.UTF8.GetBytes(CommandLine)),
            (MetadataType, Encoding.UTF8.GetBytes(Metadata)),
            (RamdiskType, Boot),
            (RamdiskType, Application),
        ],
    };

    /// <summary>The same with contents of some bytes, so that every byte can be tried.</summary>
    public static TestImage CreateSmall() => new()
    {
        Sections = [(KernelType, [1, 2, 3]), (CommandLineType, "quiet"u8.ToArray()), (MetadataType, "{}"u8.ToArray()), (RamdiskType, [4]), (RamdiskType, [5, 6])],
    };

    public static int OffsetField(int section) => 28 + (8 * section);

    public static int SizeField(int section) => 28 + (8 * 32) + (8 * section);

    /// <summary>Where the header of a section starts.</summary>
    public int SectionAt(int section) => HeaderLength + Sections.Take(section).Sum(before => SectionHeaderLength + before.Content.Length);

    public byte[] Encode()
    {
        byte[] image = new byte[SectionAt(Sections.Count)];
        ".eif"u8.CopyTo(image);
        BinaryPrimitives.WriteUInt16BigEndian(image.AsSpan(4), 4);
        BinaryPrimitives.WriteUInt16BigEndian(image.AsSpan(6), Flags);
        BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(8), DefaultMemory);
        BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(16), DefaultCpus);
        BinaryPrimitives.WriteUInt16BigEndian(image.AsSpan(26), (ushort)Sections.Count);
        for (int i = 0; i < Sections.Count; i++)
        {
            (ushort type, byte[] content) = Sections[i];
            int at = SectionAt(i);
            if (i < 32)
            {
                BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(OffsetField(i)), (ulong)at);
                BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(SizeField(i)), (ulong)content.Length);
            }
            BinaryPrimitives.WriteUInt16BigEndian(image.AsSpan(at), type);
            BinaryPrimitives.WriteUInt64BigEndian(image.AsSpan(at + 4), (ulong)content.Length);
            content.CopyTo(image, at + SectionHeaderLength);
        }
        return WithCrc(image);
    }

    /// <summary>The image with one field of 2, 4 or 8 bytes set, and the CRC-32 that it then has to have.</summary>
    public byte[] EncodeWith(int at, ulong value, int length)
    {
        byte[] image = Encode();
        for (int i = 0; i < length; i++)
        {
            image[at + i] = (byte)(value >> (8 * (length - 1 - i)));
        }
        return WithCrc(image);
    }

    /// <summary>Writes the CRC-32, a bit at a time, into the header, where there is one.</summary>
    public static byte[] WithCrc(byte[] image)
    {
        if (image.Length < HeaderLength)
        {
            return image;
        }
        uint crc = uint.MaxValue;
        for (int i = 0; i < image.Length; i++)
        {
            if (i is >= CrcAt and < HeaderLength)
            {
                continue;
            }
            crc ^= image[i];
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }
        BinaryPrimitives.WriteUInt32BigEndian(image.AsSpan(CrcAt), ~crc);
        return image;
    }

    /// <summary>A PCR of these contents, in lower-case hex.</summary>
    public static string Pcr(params byte[][] contents)
    {
        byte[] content = SHA384.HashData(CborBytes.Join(contents));
        return Convert.ToHexStringLower(SHA384.HashData([.. new byte[48], .. content]));
    }

    /// <summary>PCR0: the contents of all sections that are measured.</summary>
    public string Pcr0() => Pcr([.. Sections.Where(section => section.Type <= RamdiskType).Select(section => section.Content)]);

    private static byte[] Pattern(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
