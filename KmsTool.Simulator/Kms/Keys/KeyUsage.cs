namespace KmsTool.Simulator.Kms.Keys;

/// <summary>The values of <c>KeyUsage</c> (KMS API reference, CreateKey).</summary>
internal static class KeyUsage
{
    public const string EncryptDecrypt = "ENCRYPT_DECRYPT";
    public const string KeyAgreement = "KEY_AGREEMENT";
    public const string SignVerify = "SIGN_VERIFY";

    public static IReadOnlyList<string> All { get; } = [SignVerify, EncryptDecrypt, "GENERATE_VERIFY_MAC", KeyAgreement];
}
