using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>A decrypt command line, checked.</summary>
internal sealed record DecryptRequest
{
    public required EnclaveRequest Enclave { get; init; }

    public required CiphertextSource Ciphertext { get; init; }

    /// <summary>All of the command but its ciphertext.</summary>
    public required DecryptCommand Command { get; init; }

    public OutputFormat Output { get; init; }
}
