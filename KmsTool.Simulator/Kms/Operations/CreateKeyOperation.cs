using System.Text.Json;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

/// <summary>Makes a key, with the given policy or the default one.</summary>
internal sealed class CreateKeyOperation(AwsAccount account, KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    private const int MaxDescriptionLength = 8192;

    public string Name => "CreateKey";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        KmsParameters parameters = call.Parameters;
        string description = parameters.String("Description", 0, MaxDescriptionLength) ?? "";
        string? policyText = parameters.String("Policy", 1, KeyPolicy.MaxRequestLength);
        bool bypass = parameters.Boolean("BypassPolicyLockoutSafetyCheck");
        KeySpec spec = ReadSpec(parameters);
        CheckUsage(parameters, spec);
        if (parameters.String("Origin", 1, 64) is not (null or KeyStore.Origin))
        {
            throw KmsException.Unsupported($"The simulator makes keys with Origin {KeyStore.Origin} only.");
        }

        if (parameters.Boolean("MultiRegion"))
        {
            throw KmsException.Unsupported("The simulator has no multi-Region keys.");
        }

        KmsAuthorizer.AuthorizeByIam(call.Principal, "kms:CreateKey");
        var policy = KeyPolicy.Parse(policyText ?? DefaultKeyPolicy.For(account), account);
        authorizer.RequireNoLockout(call, policy, spec, account.KeyArn("new"), bypass);
        KeyMetadata.Write(answer, account, keys.Create(spec, policy, description));
    }

    private static KeySpec ReadSpec(KmsParameters parameters)
    {
        string? name = parameters.Enumerated("KeySpec", KeySpec.Names);
        string? oldName = parameters.Enumerated("CustomerMasterKeySpec", KeySpec.Names);
        if (name is not null && oldName is not null)
        {
            throw KmsException.Validation(
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.");
        }

        return KeySpec.Find(name ?? oldName ?? KeySpec.SymmetricDefault.Name);
    }

    private static void CheckUsage(KmsParameters parameters, KeySpec spec)
    {
        string? usage = parameters.Enumerated("KeyUsage", KeyUsage.All);
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
