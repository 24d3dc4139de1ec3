using System.Text.Json;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Iam.Policies;

namespace KmsTool.Simulator.Kms.Operations;

/// <summary>Makes a symmetric encryption key, with the given policy or the default one.</summary>
internal sealed class CreateKeyOperation(AwsAccount account, KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    private const int MaxDescriptionLength = 8192;

    public string Name => "CreateKey";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        KmsParameters parameters = call.Parameters;
        string description = parameters.String("Description", 0, MaxDescriptionLength) ?? "";
        string? policyText = parameters.String("Policy", 1, PolicyParser.MaxLength * 4);
        bool bypass = parameters.Boolean("BypassPolicyLockoutSafetyCheck");
        RequireDefault(parameters, "KeySpec", EncryptionAlgorithm.SymmetricDefault);
        RequireDefault(parameters, "CustomerMasterKeySpec", EncryptionAlgorithm.SymmetricDefault);
        RequireDefault(parameters, "KeyUsage", "ENCRYPT_DECRYPT");
        RequireDefault(parameters, "Origin", "AWS_KMS");
        if (parameters.Boolean("MultiRegion"))
            throw KmsException.Unsupported("The simulator has no multi-Region keys.");

        KmsAuthorizer.AuthorizeByIam(call.Principal, "kms:CreateKey");
        KeyPolicy policy = KeyPolicy.Parse(policyText ?? DefaultKeyPolicy.For(account));
        authorizer.RequireNoLockout(call.Principal, policy, account.KeyArn("new"), bypass);
        KeyMetadata.Write(answer, account, keys.Create(policy, description));
    }

    private static void RequireDefault(KmsParameters parameters, string name, string defaultValue)
    {
        if (parameters.String(name, 1, 64) is { } value && value != defaultValue)
            throw KmsException.Unsupported($"The simulator makes keys with {name} {defaultValue} only.");
    }
}
