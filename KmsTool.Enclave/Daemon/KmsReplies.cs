using System.Security.Cryptography;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>Turns KMS's answers into replies, of which the secret leaves the enclave only if it may.</summary>
internal sealed class KmsReplies(SecretDisclosure disclosure)
{
    /// <returns>The reply, which owns its secret.</returns>
    /// <exception cref="KmsException">The answer lacks a member that the operation's answers have.</exception>
    public SecretResponse Make(KmsCommand command, KmsAnswer.Opened answer)
    {
        SensitiveBytes? secret = answer.TakeSecret();
        try
        {
            string? sha256 = disclosure == SecretDisclosure.Sha256 ? Convert.ToHexStringLower(SHA256.HashData(secret.Span)) : null;
            if (disclosure == SecretDisclosure.Plaintext)
            {
                return Make(command, answer, secret, null);
            }

            secret.Dispose();
            secret = null;
            return Make(command, answer, null, sha256) with { Withheld = true };
        }
        catch
        {
            secret?.Dispose();
            throw;
        }
    }

    private static SecretResponse Make(KmsCommand command, KmsAnswer.Opened answer, SensitiveBytes? secret, string? sha256) => command switch
    {
        DecryptCommand => new DecryptResponse { Plaintext = secret, Sha256 = sha256 },
        GenerateDataKeyCommand => new GenerateDataKeyResponse
        {
            KeyId = answer.Text("KeyId"),
            CiphertextBlob = answer.Bytes("CiphertextBlob"),
            Plaintext = secret,
            Sha256 = sha256,
        },
        GenerateDataKeyPairCommand => new GenerateDataKeyPairResponse
        {
            KeyId = answer.Text("KeyId"),
            KeyPairSpec = answer.Text("KeyPairSpec"),
            PublicKey = answer.Bytes("PublicKey"),
            PrivateKeyCiphertextBlob = answer.Bytes("PrivateKeyCiphertextBlob"),
            PrivateKeyPlaintext = secret,
            Sha256 = sha256,
        },
        GenerateRandomCommand => new GenerateRandomResponse { Plaintext = secret, Sha256 = sha256 },
        DeriveSharedSecretCommand => new DeriveSharedSecretResponse
        {
            KeyId = answer.Text("KeyId"),
            KeyAgreementAlgorithm = answer.Text("KeyAgreementAlgorithm"),
            SharedSecret = secret,
            Sha256 = sha256,
        },
        _ => throw new ArgumentException("Not an operation that takes a recipient.", nameof(command)),
    };
}

/// <summary>What a reply tells of a secret that KMS gave.</summary>
internal enum SecretDisclosure
{
    /// <summary>The secret.</summary>
    Plaintext,

    /// <summary>Its SHA-256, which confirms a correct guess.</summary>
    Sha256,

    /// <summary>Nothing.</summary>
    None,
}
