using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Simulator.Kms.Keys;

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
        string algorithm = EncryptionAlgorithm.Read(parameters);
        parameters.CheckGrantTokens();
        byte[] plaintext = parameters.RequiredBytes("Plaintext", 1, MaxPlaintextLength);
        try
        {
            KmsKey key = keys.Find(keyId);
            authorizer.AuthorizeUse(call, key, new KeyUse("kms:Encrypt") { Context = context, EncryptionAlgorithm = algorithm });
            EncryptionAlgorithm.Check(key, algorithm, context, Name);
            byte[] ciphertext = KeyCipher.Encrypt(key, algorithm, plaintext, context);
            DryRun.Check(parameters);
            answer.WriteBase64String("CiphertextBlob", ciphertext);
            answer.WriteString("KeyId", key.Arn);
            answer.WriteString("EncryptionAlgorithm", algorithm);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }
}
