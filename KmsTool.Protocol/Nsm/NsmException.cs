namespace KmsTool.Protocol.Nsm;

/// <summary>
/// A message of the Nitro Secure Module protocol breaks one of its rules, or did not arrive whole. The message names the
/// rule and never quotes content.
/// </summary>
public sealed class NsmException : Exception
{
    /// <summary>Creates the exception.</summary>
    public NsmException(NsmErrorCode code, string message, Exception? innerException = null)
        : base(message, innerException) => Code = code;

    /// <summary>What a device answers to such a request; <see cref="NsmErrorCode.InvalidResponse"/> when it was a response.</summary>
    public NsmErrorCode Code { get; }
}
