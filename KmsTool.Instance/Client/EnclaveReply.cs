using KmsTool.Protocol;

namespace KmsTool.Instance.Client;

/// <summary>One reply of an enclave, decoded.</summary>
internal sealed class EnclaveReply : IDisposable
{
    public required bool IsOk { get; init; }

    /// <summary>The Message of an Ok: what the operation returns, base64 text, not yet decoded.</summary>
    public SensitiveBytes? Result { get; init; }

    /// <summary>The Message of an Error, as the enclave wrote it: neutralize before printing.</summary>
    public string? ErrorMessage { get; init; }

    /// <summary>The Code of an Error, an extension that the original does not send.</summary>
    public string? ErrorCode { get; init; }

    public void Dispose() => Result?.Dispose();
}
