namespace KmsTool.Protocol.Messages;

/// <summary>Bounds that KMS sets on its operations' members (AWS KMS API Reference).</summary>
public static class KmsLimits
{
    /// <summary>CiphertextBlob, in bytes.</summary>
    public const int MaxCiphertextLength = 6144;

    /// <summary>GrantTokens of one request.</summary>
    public const int MaxGrantTokens = 10;

    /// <summary>One grant token, in characters.</summary>
    public const int MaxGrantTokenLength = 8192;

    /// <summary>KeyId, in characters.</summary>
    public const int MaxKeyIdLength = 2048;

    /// <summary>NumberOfBytes of GenerateRandom and GenerateDataKey.</summary>
    public const int MaxRandomLength = 1024;

    /// <summary>PublicKey of DeriveSharedSecret, in bytes.</summary>
    public const int MaxPublicKeyLength = 8192;

    /// <summary>All names and values of an encryption context together, in characters.</summary>
    public const int MaxEncryptionContextLength = 8192;

    /// <summary>The algorithm of symmetric keys, which is meant where none is named.</summary>
    public const string SymmetricAlgorithm = "SYMMETRIC_DEFAULT";

    /// <summary>EncryptionAlgorithm values of Decrypt.</summary>
    public static IReadOnlyList<string> EncryptionAlgorithms { get; } =
        [SymmetricAlgorithm, "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];

    /// <summary>KeySpec values of GenerateDataKey.</summary>
    public static IReadOnlyList<string> DataKeySpecs { get; } = ["AES_256", "AES_128"];

    /// <summary>KeyPairSpec values of GenerateDataKeyPair. KMS has SM2 in the China regions only.</summary>
    public static IReadOnlyList<string> KeyPairSpecs { get; } =
    [
        "RSA_2048", "RSA_3072", "RSA_4096",
        "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_NIST_EDWARDS25519", "ECC_SECG_P256K1", "SM2",
    ];

    /// <summary>KeyAgreementAlgorithm values of DeriveSharedSecret.</summary>
    public static IReadOnlyList<string> KeyAgreementAlgorithms { get; } = ["ECDH"];
}
