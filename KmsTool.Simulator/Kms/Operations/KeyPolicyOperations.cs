using System.Text.Json;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class GetKeyPolicyOperation(KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "GetKeyPolicy";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        string keyId = call.Parameters.ReadRequiredKeyId();
        PolicyName.Check(call.Parameters);
        KmsKey key = keys.FindByIdOrArn(keyId);
        authorizer.Authorize(call, "kms:GetKeyPolicy", key);
        response.WriteString("Policy", key.Policy.Text);
        response.WriteString("PolicyName", PolicyName.Default);
    }
}

internal sealed class PutKeyPolicyOperation(AwsAccount account, KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "PutKeyPolicy";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        string keyId = call.Parameters.ReadRequiredKeyId();
        PolicyName.Check(call.Parameters);
        string policyText = call.Parameters.ReadRequiredString("Policy", 1, KeyPolicy.MaxRequestLength);
        bool bypass = call.Parameters.ReadBoolean("BypassPolicyLockoutSafetyCheck");

        KmsKey key = keys.FindByIdOrArn(keyId);
        authorizer.AuthorizePutKeyPolicy(call, key);
        var policy = KeyPolicy.Parse(policyText, account);
        authorizer.RequireNoLockout(call, policy, key.Spec, key.Arn, bypass);
        key.Policy = policy;
    }
}

/// <summary>A key has one policy, and its name is always the same.</summary>
internal static class PolicyName
{
    public const string Default = "default";

    /// <exception cref="KmsException">The request names another policy.</exception>
    public static void Check(KmsParameters parameters)
    {
        if (parameters.ReadString("PolicyName", 1, 128) is not (null or Default))
        {
            throw KmsException.NotFound("No such policy exists: the name of a key policy is 'default'.");
        }
    }
}
