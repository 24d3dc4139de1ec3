namespace KmsTool.Protocol.Images;

/// <summary>Where a section of an enclave image lies.</summary>
/// <param name="Type">What it holds.</param>
/// <param name="Offset">Where its 12-byte header starts, in bytes from the start of the image.</param>
/// <param name="Size">The length of its content in bytes, which follows the header.</param>
public sealed record ImageSection(ImageSectionType Type, long Offset, long Size);
