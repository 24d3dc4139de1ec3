using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

/// <summary>Finds the key of a request for a data key, and decides whether the caller may use it.</summary>
internal sealed class WrappingKeys(KeyStore keys, KmsAuthorizer authorizer)
{
    /// <param name="call">The request, whose other members have been read.</param>
    /// <param name="operation">The operation's name.</param>
    /// <param name="recipient">The enclave that is to get the data key, if any.</param>
    /// <param name="pairSpec">What the data key is, where it is a pair.</param>
    /// <exception cref="KmsException">The request cannot be granted; DryRunOperationException: it could.</exception>
    public WrappingKey Authorize(KmsCall call, string operation, Recipient? recipient = null, KeySpec.Asymmetric? pairSpec = null)
    {
        KmsParameters parameters = call.Parameters;
        string keyId = parameters.ReadRequiredKeyId();
        EncryptionContext context = parameters.ReadEncryptionContext();
        parameters.CheckGrantTokens();

        KmsKey key = keys.Find(keyId);
        var use = new KeyUse($"kms:{operation}")
        {
            Context = context,
            Recipient = recipient,
            EncryptionAlgorithm = EncryptionAlgorithm.SymmetricDefault,
            DataKeyPairSpec = pairSpec?.Name,
        };
        authorizer.AuthorizeUse(call, key, use);
        EncryptionAlgorithm.Check(key, EncryptionAlgorithm.SymmetricDefault, context, operation);
        parameters.ThrowIfDryRun();
        return new WrappingKey(key, context);
    }
}

/// <summary>The symmetric key that encrypts a data key, and the encryption context to which it is bound.</summary>
internal sealed record WrappingKey(KmsKey Key, EncryptionContext Context)
{
    /// <summary>Makes a ciphertext that Decrypt takes.</summary>
    public byte[] Wrap(ReadOnlySpan<byte> dataKey) => KeyCipher.Encrypt(Key, EncryptionAlgorithm.SymmetricDefault, dataKey, Context);
}
