using System.Globalization;
using System.Security.Cryptography;
using KmsTool.Protocol.Recipient;
using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>The attested enclave for which a response is encrypted.</summary>
internal sealed class Recipient
{
    private const string Prefix = "kms:RecipientAttestation:";

    private readonly List<KeyValuePair<string, string>> _conditionKeys = [];

    public Recipient(RecipientPublicKey publicKey, IReadOnlyDictionary<int, ReadOnlyMemory<byte>> pcrs)
    {
        PublicKey = publicKey;
        foreach ((int index, ReadOnlyMemory<byte> value) in pcrs)
        {
            string hex = Convert.ToHexStringLower(value.Span);
            _conditionKeys.Add(new(string.Create(CultureInfo.InvariantCulture, $"{Prefix}PCR{index}"), hex));
            if (index == 0)
            {
                _conditionKeys.Add(new(Prefix + "ImageSha384", hex));
            }
        }
    }

    public RecipientPublicKey PublicKey { get; }

    /// <summary>Adds the PCRs as key policies name them (KMS developer guide, "Condition keys for attested platforms").</summary>
    public void AddTo(RequestContext context)
    {
        foreach ((string name, string value) in _conditionKeys)
        {
            context.Set(name, value);
        }
    }
}

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
        // RSA instances are not thread-safe.
        lock (_lock)
        {
            return RecipientEnvelope.Seal(plaintext, _key, _subjectPublicKeyInfo.Span, shape);
        }
    }
}
