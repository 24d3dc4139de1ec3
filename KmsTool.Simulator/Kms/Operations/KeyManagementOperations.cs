using System.Text.Json;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

/// <summary>Makes a key, with the given policy or the default one.</summary>
internal sealed class CreateKeyOperation(AwsAccount account, KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    private const int MaxDescriptionLength = 8192;

    public string Name => "CreateKey";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        KmsParameters parameters = call.Parameters;
        string description = parameters.ReadString("Description", 0, MaxDescriptionLength) ?? "";
        string? policyText = parameters.ReadString("Policy", 1, KeyPolicy.MaxRequestLength);
        bool bypass = parameters.ReadBoolean("BypassPolicyLockoutSafetyCheck");
        KeySpec spec = ReadSpec(parameters);
        CheckUsage(parameters, spec);
        if (parameters.ReadString("Origin", 1, 64) is not (null or KeyStore.Origin))
        {
            throw KmsException.Unsupported($"The simulator makes keys with Origin {KeyStore.Origin} only.");
        }

        if (parameters.ReadBoolean("MultiRegion"))
        {
            throw KmsException.Unsupported("The simulator has no multi-Region keys.");
        }

        KmsAuthorizer.AuthorizeByIam(call.Principal, "kms:CreateKey");
        var policy = KeyPolicy.Parse(policyText ?? KeyPolicy.FormatDefault(account), account);
        authorizer.RequireNoLockout(call, policy, spec, account.KeyArn("new"), bypass);
        KeyMetadata.Write(response, account, keys.Create(spec, policy, description));
    }

    private static KeySpec ReadSpec(KmsParameters parameters)
    {
        string? name = parameters.ReadEnumerated("KeySpec", KeySpec.Names);
        string? oldName = parameters.ReadEnumerated("CustomerMasterKeySpec", KeySpec.Names);
        if (name is not null && oldName is not null)
        {
            throw KmsException.Validation(
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.");
        }

        return KeySpec.Find(name ?? oldName ?? KeySpec.SymmetricDefault.Name);
    }

    private static void CheckUsage(KmsParameters parameters, KeySpec spec)
    {
        string? usage = parameters.ReadEnumerated("KeyUsage", KeyUsage.All);
        if (usage is null && spec is KeySpec.Asymmetric)
        {
            throw KmsException.Validation("You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.");
        }

        usage ??= KeyUsage.EncryptDecrypt;
        if (!spec.Usages.Contains(usage))
        {
            throw KmsException.Validation($"KeyUsage {usage} is not compatible with KeySpec {spec.Name}");
        }

        if (usage == KeyUsage.SignVerify)
        {
            throw KmsException.Unsupported("The simulator makes no keys that sign.");
        }
    }
}

internal sealed class CreateAliasOperation(KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "CreateAlias";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        string alias = KeyAlias.Read(call.Parameters);
        KmsKey key = keys.FindByIdOrArn(call.Parameters.ReadRequiredString("TargetKeyId", 1, 2048));
        // Both must allow it: IAM concerning the alias, the key policy concerning the key.
        KmsAuthorizer.AuthorizeByIam(call.Principal, "kms:CreateAlias");
        authorizer.Authorize(call, "kms:CreateAlias", key);
        keys.AddAlias(alias, key);
    }
}

internal sealed class DescribeKeyOperation(AwsAccount account, KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "DescribeKey";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        string keyId = call.Parameters.ReadRequiredKeyId();
        call.Parameters.CheckGrantTokens();
        KmsKey key = keys.Find(keyId);
        authorizer.Authorize(call, "kms:DescribeKey", key);
        KeyMetadata.Write(response, account, key);
    }
}

internal sealed class GetPublicKeyOperation(KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "GetPublicKey";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        string keyId = call.Parameters.ReadRequiredKeyId();
        call.Parameters.CheckGrantTokens();
        KmsKey key = keys.Find(keyId);
        authorizer.Authorize(call, "kms:GetPublicKey", key);
        if (key.Material is not AsymmetricMaterial pair)
        {
            throw KmsException.Unsupported($"{key.Arn} is a symmetric key and has no public key.");
        }

        response.WriteString("KeyId", key.Arn);
        response.WriteBase64String("PublicKey", pair.PublicKey.Span);
        KeyMetadata.WriteSpec(response, key);
    }
}

/// <summary>Lists all keys, page by page; the marker is the id of the last key of the page before.</summary>
internal sealed class ListKeysOperation(KeyStore keys) : IKmsOperation
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;
    private const int MaxMarkerLength = 1024;

    public string Name => "ListKeys";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        int limit = call.Parameters.ReadInteger("Limit", 1, MaxLimit) ?? DefaultLimit;
        Guid after = ReadMarker(call.Parameters);
        KmsAuthorizer.AuthorizeByIam(call.Principal, "kms:ListKeys");

        // One more than a page, to know whether there is a next one.
        List<KmsKey> page = [.. keys.InOrder.Where(key => key.Id.CompareTo(after) > 0).Take(limit + 1)];
        bool isTruncated = page.Count > limit;
        response.WriteStartArray("Keys");
        foreach (KmsKey key in page.Take(limit))
        {
            response.WriteStartObject();
            response.WriteString("KeyId", key.Id.ToString());
            response.WriteString("KeyArn", key.Arn);
            response.WriteEndObject();
        }

        response.WriteEndArray();
        if (isTruncated)
        {
            response.WriteString("NextMarker", page[limit - 1].Id.ToString("N"));
        }

        response.WriteBoolean("Truncated", isTruncated);
    }

    private static Guid ReadMarker(KmsParameters parameters)
    {
        if (parameters.ReadString("Marker", 1, MaxMarkerLength) is not { } marker)
        {
            return Guid.Empty;
        }

        return Guid.TryParseExact(marker, "N", out Guid after)
            ? after
            : throw new KmsException("InvalidMarkerException", "The marker is not one that ListKeys has returned.");
    }
}
