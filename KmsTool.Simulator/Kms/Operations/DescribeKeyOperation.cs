using System.Text.Json;
using KmsTool.Simulator.Iam;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class DescribeKeyOperation(AwsAccount account, KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "DescribeKey";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        string keyId = call.Parameters.RequiredKeyId();
        call.Parameters.CheckGrantTokens();
        KmsKey key = keys.Find(keyId);
        authorizer.Authorize(call, "kms:DescribeKey", key);
        KeyMetadata.Write(answer, account, key);
    }
}
