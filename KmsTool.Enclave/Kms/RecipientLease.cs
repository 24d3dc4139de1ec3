using KmsTool.Protocol;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Enclave.Kms;

/// <summary>A recipient key with its attestation document, for one request.</summary>
/// <param name="key">Counted for this lease.</param>
/// <param name="value">See <see cref="Value"/>.</param>
internal sealed class RecipientLease(Shared<RecipientKeyPair> key, ReadOnlyMemory<byte> value) : IDisposable
{
    /// <summary>The value of the request's member <c>Recipient</c>: a JSON object in UTF-8.</summary>
    public ReadOnlyMemory<byte> Value { get; } = value;

    /// <summary>Opens CiphertextForRecipient.</summary>
    /// <exception cref="RecipientEnvelopeException">It cannot be opened; always the same text.</exception>
    public SensitiveBytes Open(ReadOnlyMemory<byte> envelope) => key.Value.Open(envelope);

    public void Dispose() => key.Release();
}
