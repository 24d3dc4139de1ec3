using System.Text.Json;
using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Kms;

/// <summary>Writes the KeyMetadata member of the answers to CreateKey and DescribeKey.</summary>
internal static class KeyMetadata
{
    public static void Write(Utf8JsonWriter answer, AwsAccount account, KmsKey key)
    {
        answer.WriteStartObject("KeyMetadata");
        answer.WriteString("AWSAccountId", account.Id);
        answer.WriteString("KeyId", key.Id.ToString());
        answer.WriteString("Arn", key.Arn);
        answer.WriteNumber("CreationDate", key.CreatedAt.ToUnixTimeMilliseconds() / 1000m);
        answer.WriteBoolean("Enabled", true);
        answer.WriteString("Description", key.Description);
        answer.WriteString("KeyUsage", "ENCRYPT_DECRYPT");
        answer.WriteString("KeyState", "Enabled");
        answer.WriteString("Origin", "AWS_KMS");
        answer.WriteString("KeyManager", "CUSTOMER");
        answer.WriteString("CustomerMasterKeySpec", EncryptionAlgorithm.SymmetricDefault);
        answer.WriteString("KeySpec", EncryptionAlgorithm.SymmetricDefault);
        answer.WriteStartArray("EncryptionAlgorithms");
        answer.WriteStringValue(EncryptionAlgorithm.SymmetricDefault);
        answer.WriteEndArray();
        answer.WriteBoolean("MultiRegion", false);
        answer.WriteEndObject();
    }
}
