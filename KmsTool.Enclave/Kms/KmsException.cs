using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// A pin forbids the request, KMS was not reached, or it said no, or what answered is not acceptable. The message may be
/// shown to the caller.
/// </summary>
/// <param name="code">One of <see cref="ErrorCodes"/>, or KMS's exception name.</param>
/// <param name="message">What happened, without secrets and without anything that tells one key failure from another.</param>
/// <param name="innerException">The cause.</param>
internal sealed class KmsException(string code, string message, Exception? innerException = null)
    : Exception(message, innerException)
{
    public string Code { get; } = code;

    /// <summary>The Nitro Secure Module did not do it.</summary>
    public static KmsException NoAttestation(Exception cause) =>
        new(ErrorCodes.AttestationUnavailable, "the Nitro Secure Module cannot be used: " + cause.Message, cause);
}
