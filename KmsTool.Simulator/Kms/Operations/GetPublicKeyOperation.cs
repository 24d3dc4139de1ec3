using System.Text.Json;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class GetPublicKeyOperation(KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "GetPublicKey";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        string keyId = call.Parameters.RequiredKeyId();
        call.Parameters.CheckGrantTokens();
        KmsKey key = keys.Find(keyId);
        authorizer.Authorize(call, "kms:GetPublicKey", key);
        if (key.Material is not AsymmetricMaterial pair)
        {
            throw KmsException.Unsupported($"{key.Arn} is a symmetric key and has no public key.");
        }

        answer.WriteString("KeyId", key.Arn);
        answer.WriteBase64String("PublicKey", pair.PublicKey.Span);
        KeyMetadata.WriteSpec(answer, key);
    }
}
