using System.Text.Json;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class GetKeyPolicyOperation(KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "GetKeyPolicy";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        string keyId = call.Parameters.RequiredKeyId();
        PolicyName.Check(call.Parameters);
        KmsKey key = keys.FindByIdOrArn(keyId);
        authorizer.Authorize(call, "kms:GetKeyPolicy", key);
        answer.WriteString("Policy", key.Policy.Text);
        answer.WriteString("PolicyName", PolicyName.Default);
    }
}
