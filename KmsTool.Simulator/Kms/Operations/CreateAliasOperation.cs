using System.Text.Json;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class CreateAliasOperation(KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    public string Name => "CreateAlias";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        string alias = KeyAlias.Read(call.Parameters);
        KmsKey key = keys.FindByIdOrArn(call.Parameters.RequiredString("TargetKeyId", 1, 2048));
        // Both must allow it: IAM concerning the alias, the key policy concerning the key.
        KmsAuthorizer.AuthorizeByIam(call.Principal, "kms:CreateAlias");
        authorizer.Authorize(call, "kms:CreateAlias", key);
        keys.AddAlias(alias, key);
    }
}
