using System.Text.Json;
using KmsTool.Simulator.Iam.Policies;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class PutKeyPolicyOperation(KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "PutKeyPolicy";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        string keyId = call.Parameters.RequiredKeyId();
        PolicyName.Check(call.Parameters);
        string policyText = call.Parameters.RequiredString("Policy", 1, PolicyParser.MaxLength * 4);
        bool bypass = call.Parameters.Boolean("BypassPolicyLockoutSafetyCheck");

        KmsKey key = keys.FindByIdOrArn(keyId);
        authorizer.Authorize(call.Principal, "kms:PutKeyPolicy", key);
        KeyPolicy policy = KeyPolicy.Parse(policyText);
        authorizer.RequireNoLockout(call.Principal, policy, key.Arn, bypass);
        key.Policy = policy;
    }
}
