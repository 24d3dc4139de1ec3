using System.Security.Cryptography;
using KmsTool.Protocol.Recipient;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>
/// A recipient's RSA key, imported once for the many requests that carry its attestation document. It is not disposed:
/// requests may be using it when its document is forgotten.
/// </summary>
internal sealed class RecipientPublicKey
{
    private readonly ReadOnlyMemory<byte> _subjectPublicKeyInfo;
    private readonly RSA _key;
    private readonly Lock _lock = new();

    private RecipientPublicKey(ReadOnlyMemory<byte> subjectPublicKeyInfo, RSA key)
    {
        _subjectPublicKeyInfo = subjectPublicKeyInfo;
        _key = key;
    }

    /// <exception cref="ArgumentException">Not the DER SubjectPublicKeyInfo of an RSA key of at least 2048 bits.</exception>
    public static RecipientPublicKey Import(ReadOnlyMemory<byte> subjectPublicKeyInfo) =>
        new(subjectPublicKeyInfo, RecipientEnvelope.ImportKey(subjectPublicKeyInfo.Span));

    /// <summary>Makes a CiphertextForRecipient.</summary>
    public byte[] Seal(ReadOnlySpan<byte> plaintext, RecipientEnvelopeShape shape)
    {
        // An RSA instance promises nothing to threads that use it at once.
        lock (_lock)
        {
            return RecipientEnvelope.Seal(plaintext, _key, _subjectPublicKeyInfo.Span, shape);
        }
    }
}
