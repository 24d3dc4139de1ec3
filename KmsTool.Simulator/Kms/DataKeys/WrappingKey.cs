using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.DataKeys;

/// <summary>The symmetric key under which a data key is handed out, and the encryption context to which it is bound.</summary>
internal sealed record WrappingKey(KmsKey Key, EncryptionContext Context)
{
    /// <summary>Makes a ciphertext that Decrypt takes.</summary>
    public byte[] Wrap(ReadOnlySpan<byte> dataKey) => KeyCipher.Encrypt(Key, EncryptionAlgorithm.SymmetricDefault, dataKey, Context);
}
