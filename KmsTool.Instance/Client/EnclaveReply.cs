using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Client;

/// <summary>One reply of an enclave, decoded.</summary>
internal abstract record EnclaveReply
{
    private EnclaveReply()
    {
    }

    /// <summary>It was carried out.</summary>
    /// <param name="Content">What the operation returns; the receiver owns it. <see langword="null"/> for SetClient.</param>
    public sealed record Done(SuccessReply? Content) : EnclaveReply;

    /// <summary>It was not.</summary>
    /// <param name="Message">As the enclave wrote it: neutralize before printing.</param>
    /// <param name="Code">An extension, which the original does not send. Neutralize it, too.</param>
    public sealed record Refused(string? Message, string? Code) : EnclaveReply;
}
