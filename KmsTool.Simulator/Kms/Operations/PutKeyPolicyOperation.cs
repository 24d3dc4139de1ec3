using System.Text.Json;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class PutKeyPolicyOperation(AwsAccount account, KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "PutKeyPolicy";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        string keyId = call.Parameters.RequiredKeyId();
        PolicyName.Check(call.Parameters);
        string policyText = call.Parameters.RequiredString("Policy", 1, KeyPolicy.MaxRequestLength);
        bool bypass = call.Parameters.Boolean("BypassPolicyLockoutSafetyCheck");

        KmsKey key = keys.FindByIdOrArn(keyId);
        authorizer.AuthorizePutKeyPolicy(call, key);
        var policy = KeyPolicy.Parse(policyText, account);
        authorizer.RequireNoLockout(call, policy, key.Spec, key.Arn, bypass);
        key.Policy = policy;
    }
}
