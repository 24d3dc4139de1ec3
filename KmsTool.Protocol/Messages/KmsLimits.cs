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

    /// <summary>All names and values of an encryption context together, in characters.</summary>
    public const int MaxEncryptionContextLength = 8192;

    /// <summary>EncryptionAlgorithm values of Decrypt.</summary>
    public static IReadOnlyList<string> EncryptionAlgorithms { get; } =
        ["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];
}
