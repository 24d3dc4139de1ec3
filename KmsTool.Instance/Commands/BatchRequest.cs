using KmsTool.Instance.Batch;
using KmsTool.Protocol.Messages;

namespace KmsTool.Instance.Commands;

/// <summary>A decrypt command line with <c>--batch</c>, checked.</summary>
internal sealed record BatchRequest
{
    public required EnclaveRequest Enclave { get; init; }

    /// <summary>All of the commands but their ciphertexts.</summary>
    public required DecryptCommand Command { get; init; }

    public required BatchOptions Options { get; init; }
}
