using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.Keys;

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
        string algorithm = EncryptionAlgorithm.Read(parameters);
        parameters.CheckGrantTokens();
        Recipient? recipient = recipients.Read(parameters);

        KmsKey key = algorithm == EncryptionAlgorithm.SymmetricDefault ? FindKey(blob, keyId) : keys.Find(keyId ?? throw KeyIdMissing());
        var use = new KeyUse("kms:Decrypt") { Context = context, Recipient = recipient, EncryptionAlgorithm = algorithm };
        authorizer.AuthorizeUse(call, key, use);
        EncryptionAlgorithm.Check(key, algorithm, context, Name);
        using SensitiveBytes plaintext = KeyCipher.Decrypt(key, algorithm, blob, context);
        DryRun.Check(parameters);
        answer.WriteString("EncryptionAlgorithm", algorithm);
        recipientAnswer.WriteKeyId(answer, recipient, key);
        recipientAnswer.WritePlaintext(answer, recipient, "Plaintext", plaintext.Span);
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
