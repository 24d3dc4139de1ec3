using System.Globalization;
using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>The attested enclave that alone is to read the answer.</summary>
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
