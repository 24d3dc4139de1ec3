using System.Text.Json;
using KmsTool.Simulator.Iam;

namespace KmsTool.Simulator.Kms.Keys;

/// <summary>A KMS key. It owns its material.</summary>
internal sealed class KmsKey(Guid id, string arn, KeySpec spec, KeyMaterial material, KeyPolicy policy) : IDisposable
{
    private volatile KeyPolicy _policy = policy;

    public Guid Id { get; } = id;

    public string Arn { get; } = arn;

    public KeySpec Spec { get; } = spec;

    public string Usage => Spec.Usages[0];

    public KeyMaterial Material { get; } = material;

    public required string Description { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public KeyPolicy Policy
    {
        get => _policy;
        set => _policy = value;
    }

    /// <exception cref="KmsException">InvalidKeyUsageException: the key is not for this.</exception>
    public void RequireUsage(string usage, string operation)
    {
        if (Usage != usage)
        {
            throw KmsException.InvalidKeyUsage($"{Arn} key usage is {Usage} which is not valid for {operation}.");
        }
    }

    public void Dispose() => Material.Dispose();
}

/// <summary>Writes the members of responses that describe a key.</summary>
internal static class KeyMetadata
{
    /// <summary>Writes the KeyMetadata member of the responses to CreateKey and DescribeKey.</summary>
    public static void Write(Utf8JsonWriter response, AwsAccount account, KmsKey key)
    {
        response.WriteStartObject("KeyMetadata");
        response.WriteString("AWSAccountId", account.Id);
        response.WriteString("KeyId", key.Id.ToString());
        response.WriteString("Arn", key.Arn);
        response.WriteNumber("CreationDate", key.CreatedAt.ToUnixTimeMilliseconds() / 1000m);
        response.WriteBoolean("Enabled", true);
        response.WriteString("Description", key.Description);
        response.WriteString("KeyState", "Enabled");
        response.WriteString("Origin", KeyStore.Origin);
        response.WriteString("KeyManager", "CUSTOMER");
        WriteSpec(response, key);
        response.WriteBoolean("MultiRegion", false);
        response.WriteEndObject();
    }

    /// <summary>Writes the members for the kind of the key and its uses.</summary>
    public static void WriteSpec(Utf8JsonWriter response, KmsKey key)
    {
        response.WriteString("KeyUsage", key.Usage);
        response.WriteString("CustomerMasterKeySpec", key.Spec.Name);
        response.WriteString("KeySpec", key.Spec.Name);
        WriteList(response, "EncryptionAlgorithms", key.Spec.EncryptionAlgorithms);
        WriteList(response, "KeyAgreementAlgorithms", key.Spec.KeyAgreementAlgorithms);
    }

    // KMS omits the list if it is empty.
    private static void WriteList(Utf8JsonWriter response, string name, IReadOnlyList<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        response.WriteStartArray(name);
        foreach (string value in values)
        {
            response.WriteStringValue(value);
        }

        response.WriteEndArray();
    }
}
