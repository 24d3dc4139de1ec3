using System.Globalization;

namespace KmsTool.Simulator.Kms.Attestation;

/// <summary>The attested enclave that alone is to read the answer.</summary>
/// <param name="PublicKey">Its RSA key, a DER SubjectPublicKeyInfo.</param>
/// <param name="Pcrs">Its PCRs by index.</param>
internal sealed record Recipient(ReadOnlyMemory<byte> PublicKey, IReadOnlyDictionary<int, ReadOnlyMemory<byte>> Pcrs)
{
    private const string Prefix = "kms:RecipientAttestation:";

    /// <summary>Adds the PCRs as key policies name them (KMS developer guide, "Condition keys for attested platforms").</summary>
    public void AddConditionKeys(Dictionary<string, string> keys)
    {
        foreach ((int index, ReadOnlyMemory<byte> value) in Pcrs)
        {
            string hex = Convert.ToHexStringLower(value.Span);
            keys[string.Create(CultureInfo.InvariantCulture, $"{Prefix}PCR{index}")] = hex;
            if (index == 0)
                keys[Prefix + "ImageSha384"] = hex;
        }
    }
}
