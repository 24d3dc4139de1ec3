using System.Text.Json;
using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Kms.Keys;

/// <summary>Writes what answers tell about a key.</summary>
internal static class KeyMetadata
{
    /// <summary>Writes the KeyMetadata member of the answers to CreateKey and DescribeKey.</summary>
    public static void Write(Utf8JsonWriter answer, AwsAccount account, KmsKey key)
    {
        answer.WriteStartObject("KeyMetadata");
        answer.WriteString("AWSAccountId", account.Id);
        answer.WriteString("KeyId", key.Id.ToString());
        answer.WriteString("Arn", key.Arn);
        answer.WriteNumber("CreationDate", key.CreatedAt.ToUnixTimeMilliseconds() / 1000m);
        answer.WriteBoolean("Enabled", true);
        answer.WriteString("Description", key.Description);
        answer.WriteString("KeyState", "Enabled");
        answer.WriteString("Origin", KeyStore.Origin);
        answer.WriteString("KeyManager", "CUSTOMER");
        WriteSpec(answer, key);
        answer.WriteBoolean("MultiRegion", false);
        answer.WriteEndObject();
    }

    /// <summary>Writes the members that tell what kind of key it is and what it is for.</summary>
    public static void WriteSpec(Utf8JsonWriter answer, KmsKey key)
    {
        answer.WriteString("KeyUsage", key.Usage);
        answer.WriteString("CustomerMasterKeySpec", key.Spec.Name);
        answer.WriteString("KeySpec", key.Spec.Name);
        WriteList(answer, "EncryptionAlgorithms", key.Spec.EncryptionAlgorithms);
        WriteList(answer, "KeyAgreementAlgorithms", key.Spec.KeyAgreementAlgorithms);
    }

    // KMS leaves out what a key cannot do.
    private static void WriteList(Utf8JsonWriter answer, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        answer.WriteStartArray(name);
        foreach (string value in values)
        {
            answer.WriteStringValue(value);
        }

        answer.WriteEndArray();
    }
}
