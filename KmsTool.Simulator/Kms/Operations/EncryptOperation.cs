using System.Security.Cryptography;
using System.Text.Json;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class EncryptOperation(KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    private const int MaxPlaintextLength = 4096;

    public string Name => "Encrypt";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        KmsParameters parameters = call.Parameters;
        string keyId = parameters.RequiredKeyId();
        EncryptionContext context = parameters.EncryptionContext();
        EncryptionAlgorithm.Check(parameters);
        parameters.CheckGrantTokens();
        byte[] plaintext = parameters.RequiredBytes("Plaintext", 1, MaxPlaintextLength);
        try
        {
            KmsKey key = keys.Find(keyId);
            authorizer.AuthorizeCryptography(call.Principal, "kms:Encrypt", key, context, recipient: null);
            answer.WriteBase64String("CiphertextBlob", CiphertextBlob.Seal(key, plaintext, context));
            answer.WriteString("KeyId", key.Arn);
            answer.WriteString("EncryptionAlgorithm", EncryptionAlgorithm.SymmetricDefault);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }
}
