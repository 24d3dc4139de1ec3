namespace KmsTool.Protocol.Images;

/// <summary>A file is not a valid enclave image. The message names the field, its value and the expected value.</summary>
public sealed class EnclaveImageException : Exception
{
    internal EnclaveImageException(EnclaveImageFailure failure, string field, string reason, Exception? innerException = null)
        : base($"{field}: {reason}", innerException)
    {
        Failure = failure;
        Field = field;
    }

    /// <summary>The broken rule.</summary>
    public EnclaveImageFailure Failure { get; }

    /// <summary>
    /// Where it is broken: a field of the header as the format names it, such as <c>section_sizes[2]</c>, or of a section,
    /// such as <c>section[2].type</c>. Sections count from 0.
    /// </summary>
    public string Field { get; }
}

/// <summary>Which rule of the enclave image format a file breaks.</summary>
public enum EnclaveImageFailure
{
    /// <summary>The file ends where a header or a section's content should go on.</summary>
    Truncated,

    /// <summary>The file does not start with <c>.eif</c>.</summary>
    Magic,

    /// <summary>The version is not 4.</summary>
    Version,

    /// <summary>A section has a flag, of which version 4 defines none.</summary>
    Flags,

    /// <summary>A field that has to be zero is not: <c>reserved</c>, <c>unused</c>, the place of a section that does not exist.</summary>
    Reserved,

    /// <summary>The header counts fewer than 3 or more than 32 sections.</summary>
    SectionCount,

    /// <summary>A section does not start where the one before it ends.</summary>
    SectionOffset,

    /// <summary>A section's size is past the end of the file, or the header and the section tell different ones.</summary>
    SectionSize,

    /// <summary>A section is of no known type.</summary>
    SectionType,

    /// <summary>A section is there twice, is missing, or stands before what it has to follow.</summary>
    SectionOrder,

    /// <summary>A command line, signature or metadata is longer than what is read of it.</summary>
    SectionTooLong,

    /// <summary>Bytes follow the last section.</summary>
    TrailingBytes,

    /// <summary>The CRC-32 is another than the header says: the file is damaged.</summary>
    Checksum,

    /// <summary>The command line is not UTF-8.</summary>
    CommandLine,

    /// <summary>The metadata is not a JSON object.</summary>
    Metadata,

    /// <summary>The signature section is not CBOR of the expected structure.</summary>
    SignatureMalformed,

    /// <summary>The signing certificate cannot be read, or its key is not on the curve of the signature's algorithm.</summary>
    SigningCertificate,

    /// <summary>What is signed is another PCR, or another value than this image has.</summary>
    SignedPcr,

    /// <summary>The certificate's key did not make the signature.</summary>
    SignatureInvalid,
}
