using KmsTool.Protocol;

namespace KmsTool.Enclave.Kms;

/// <summary>A recipient key with its attestation document, for one request.</summary>
/// <param name="key">Counted for this lease.</param>
/// <param name="requestMember">See <see cref="RequestMember"/>.</param>
internal sealed class RecipientLease(SharedKey key, ReadOnlyMemory<byte> requestMember) : IDisposable
{
    /// <summary>The request's member <c>"Recipient":{…}</c> in UTF-8.</summary>
    public ReadOnlyMemory<byte> RequestMember { get; } = requestMember;

    /// <summary>Opens CiphertextForRecipient.</summary>
    /// <exception cref="Protocol.Recipient.RecipientEnvelopeException">It cannot be opened; always the same text.</exception>
    public SensitiveBytes Open(ReadOnlyMemory<byte> envelope) => key.Pair.Open(envelope);

    public void Dispose() => key.Release();
}
