namespace KmsTool.Enclave.Daemon;

/// <summary>What a reply tells of a secret that KMS gave.</summary>
internal enum SecretDisclosure
{
    /// <summary>The secret.</summary>
    Plaintext,

    /// <summary>Its SHA-256, which tells whoever can guess it that the guess is right.</summary>
    Sha256,

    /// <summary>Nothing.</summary>
    None,
}
