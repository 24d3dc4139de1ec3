using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class EncryptOperation(KeyStore keys, KmsAuthorizer authorizer) : IKmsOperation
{
    private const int MaxPlaintextLength = 4096;

    public string Name => "Encrypt";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        KmsParameters parameters = call.Parameters;
        string keyId = parameters.ReadRequiredKeyId();
        EncryptionContext context = parameters.ReadEncryptionContext();
        string algorithm = EncryptionAlgorithm.Read(parameters);
        parameters.CheckGrantTokens();
        byte[] plaintext = parameters.ReadRequiredBytes("Plaintext", 1, MaxPlaintextLength);
        try
        {
            KmsKey key = keys.Find(keyId);
            authorizer.AuthorizeUse(call, key, new KeyUse("kms:Encrypt") { Context = context, EncryptionAlgorithm = algorithm });
            EncryptionAlgorithm.Check(key, algorithm, context, Name);
            byte[] ciphertext = KeyCipher.Encrypt(key, algorithm, plaintext, context);
            parameters.ThrowIfDryRun();
            response.WriteBase64String("CiphertextBlob", ciphertext);
            response.WriteString("KeyId", key.Arn);
            response.WriteString("EncryptionAlgorithm", algorithm);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }
}

/// <summary>Decrypts for the caller or, where the request carries a Recipient, for an attested enclave alone.</summary>
internal sealed class DecryptOperation(
    KeyStore keys, KmsAuthorizer authorizer, RecipientReader recipients, RecipientResponseWriter recipientResponse) : IKmsOperation
{
    public string Name => "Decrypt";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        KmsParameters parameters = call.Parameters;
        byte[] blob = parameters.ReadRequiredBytes("CiphertextBlob", 1, CiphertextBlob.MaxLength);
        string? keyId = parameters.ReadString("KeyId", 1, 2048);
        EncryptionContext context = parameters.ReadEncryptionContext();
        string algorithm = EncryptionAlgorithm.Read(parameters);
        parameters.CheckGrantTokens();
        Recipient? recipient = recipients.Read(parameters);

        KmsKey key = algorithm == EncryptionAlgorithm.SymmetricDefault ? FindKey(blob, keyId) : keys.Find(keyId ?? throw KeyIdMissing());
        var use = new KeyUse("kms:Decrypt") { Context = context, Recipient = recipient, EncryptionAlgorithm = algorithm };
        authorizer.AuthorizeUse(call, key, use);
        EncryptionAlgorithm.Check(key, algorithm, context, Name);
        using SensitiveBytes plaintext = KeyCipher.Decrypt(key, algorithm, blob, context);
        parameters.ThrowIfDryRun();
        response.WriteString("EncryptionAlgorithm", algorithm);
        recipientResponse.WriteKeyId(response, recipient, key);
        recipientResponse.WritePlaintext(response, recipient, "Plaintext", plaintext.Span);
    }

    // A symmetric ciphertext names its key; a request may name it too.
    private KmsKey FindKey(byte[] blob, string? keyId)
    {
        KmsKey? named = keyId is null ? null : keys.Find(keyId);
        if (named is { Spec: KeySpec.Asymmetric })
        {
            return named;
        }

        if (!CiphertextBlob.TryReadKeyId(blob, out Guid id))
        {
            throw KmsException.InvalidCiphertext();
        }

        if (!keys.TryFind(id, out KmsKey? key) || key.Spec is KeySpec.Asymmetric)
        {
            throw new KmsException(
                "AccessDeniedException",
                "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.");
        }

        if (named is not null && named != key)
        {
            throw new KmsException(
                "IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.");
        }

        return key;
    }

    private static KmsException KeyIdMissing() =>
        KmsException.Validation("KeyId is required: a ciphertext of an asymmetric algorithm does not name its key.");
}
