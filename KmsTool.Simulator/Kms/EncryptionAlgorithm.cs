namespace KmsTool.Simulator.Kms;

/// <summary>The encryption algorithms of the KMS API; the simulator's keys are symmetric and know one of them.</summary>
internal static class EncryptionAlgorithm
{
    public const string SymmetricDefault = "SYMMETRIC_DEFAULT";

    /// <exception cref="KmsException">The request names another algorithm.</exception>
    public static void Check(KmsParameters parameters)
    {
        switch (parameters.String("EncryptionAlgorithm", 1, 64))
        {
            case null or SymmetricDefault:
                return;
            case "RSAES_OAEP_SHA_1" or "RSAES_OAEP_SHA_256" or "SM2PKE":
                throw new KmsException("InvalidKeyUsageException", "The algorithm is not compatible with the key spec SYMMETRIC_DEFAULT.");
            default:
                throw KmsException.Validation(
                    "1 validation error detected: Value at 'encryptionAlgorithm' failed to satisfy constraint: "
                    + "Member must satisfy enum value set: [SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE]");
        }
    }
}
