using System.Diagnostics.CodeAnalysis;

namespace KmsTool.Instance.KeyPolicies;

/// <summary>What a key policy allows the instance's role.</summary>
/// <param name="Attested">Operations that take an attestation document, and so can depend on it; at least one.</param>
/// <param name="Encrypt">Whether the role may encrypt. KMS has no attested Encrypt, so anything that has the role may.</param>
internal sealed record KeyPolicyOperations(IReadOnlyList<string> Attested, bool Encrypt)
{
    /// <summary>What the tutorial of AWS's kmstool allows: the instance to encrypt, the enclave to decrypt.</summary>
    public const string Default = $"{Decrypt},{EncryptName}";

    /// <summary>The operation that a policy's Deny has to close every way around of.</summary>
    public const string Decrypt = "Decrypt";

    private const string EncryptName = "Encrypt";
    private const string GenerateDataKey = "GenerateDataKey";
    private const string GenerateDataKeyPair = "GenerateDataKeyPair";
    private const string Prefix = "kms:";

    /// <summary>KMS developer guide, "How AWS Nitro Enclaves uses AWS KMS", but for GenerateRandom.</summary>
    private static readonly string[] TakeAttestation = [Decrypt, GenerateDataKey, GenerateDataKeyPair, "DeriveSharedSecret"];

    /// <summary>Whether ciphertexts may be decrypted, but no one may create them.</summary>
    public bool LacksEncryption => Attested.Contains(Decrypt) && !Encrypt && !Attested.Contains(GenerateDataKey) && !Attested.Contains(GenerateDataKeyPair);

    /// <summary>Reads names with commas between them; <c>kms:</c> may stand before each.</summary>
    public static bool TryParse(string list, [NotNullWhen(true)] out KeyPolicyOperations? operations, [NotNullWhen(false)] out string? error)
    {
        operations = null;
        bool encrypt = false;
        var attested = new List<string>();
        foreach (string item in list.Split(',', StringSplitOptions.TrimEntries))
        {
            string name = item.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? item[Prefix.Length..] : item;
            bool isNew;
            if (TakeAttestation.FirstOrDefault(known => known.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } operation)
            {
                isNew = !attested.Contains(operation);
                attested.Add(operation);
            }
            else if (name.Equals(EncryptName, StringComparison.OrdinalIgnoreCase))
            {
                isNew = !encrypt;
                encrypt = true;
            }
            else
            {
                error = ExplainRefusal(name);
                return false;
            }

            if (!isNew)
            {
                error = $"{name} is given twice";
                return false;
            }
        }

        error = attested.Count > 0 ? null : $"Encrypt takes no attestation document; add one that does: {string.Join(", ", TakeAttestation)}";
        operations = error is null ? new KeyPolicyOperations(attested, encrypt) : null;
        return error is null;
    }

    private static string ExplainRefusal(string name) => name.Equals("GenerateRandom", StringComparison.OrdinalIgnoreCase)
        ? "GenerateRandom uses no key, so no key policy can allow it; allow kms:GenerateRandom in the IAM policy of the role"
        : $"'{name}' takes no attestation document, so no policy can tie it to an enclave; use {string.Join(", ", TakeAttestation)} or Encrypt";
}
