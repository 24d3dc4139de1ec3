namespace KmsTool.Enclave.Kms;

/// <summary>KMS was not reached, or what answered is not acceptable. The message may be shown to the caller.</summary>
/// <param name="code">One of <see cref="Protocol.Messages.ErrorCodes"/>.</param>
/// <param name="message">What happened, without secrets and without anything that tells one key failure from another.</param>
/// <param name="innerException">The cause.</param>
internal sealed class KmsException(string code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public string Code { get; } = code;
}
