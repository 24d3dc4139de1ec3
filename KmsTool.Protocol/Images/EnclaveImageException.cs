namespace KmsTool.Protocol.Images;

/// <summary>A file is no valid enclave image: the message names the field, what stands there and what was expected.</summary>
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
