using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;

namespace KmsTool.Simulator.Kms.Operations;

/// <summary>Decrypts for the caller or, where the request carries a Recipient, for an attested enclave alone.</summary>
internal sealed class DecryptOperation(
    KeyStore keys, KmsAuthorizer authorizer, RecipientReader recipients, RecipientAnswer recipientAnswer) : IKmsOperation
{
    public string Name => "Decrypt";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        KmsParameters parameters = call.Parameters;
        byte[] blob = parameters.RequiredBytes("CiphertextBlob", 1, CiphertextBlob.MaxLength);
        string? keyId = parameters.String("KeyId", 1, 2048);
        EncryptionContext context = parameters.EncryptionContext();
        EncryptionAlgorithm.Check(parameters);
        parameters.CheckGrantTokens();
        Recipient? recipient = recipients.Read(parameters);

        KmsKey key = FindKey(blob, keyId);
        authorizer.AuthorizeCryptography(call.Principal, "kms:Decrypt", key, context, recipient);
        using SensitiveBytes plaintext = CiphertextBlob.Open(key, blob, context);
        answer.WriteString("EncryptionAlgorithm", EncryptionAlgorithm.SymmetricDefault);
        if (recipient is null)
        {
            answer.WriteString("KeyId", key.Arn);
            answer.WriteBase64String("Plaintext", plaintext.Span);
        }
        else
        {
            recipientAnswer.WriteKeyId(answer, key);
            recipientAnswer.WritePlaintext(answer, recipient, "Plaintext", plaintext.Span);
        }
    }

    private KmsKey FindKey(byte[] blob, string? keyId)
    {
        KmsKey? named = keyId is null ? null : keys.Find(keyId);
        if (!CiphertextBlob.TryReadKeyId(blob, out Guid id))
            throw KmsException.InvalidCiphertext();
        if (!keys.TryFind(id, out KmsKey? key))
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
}
