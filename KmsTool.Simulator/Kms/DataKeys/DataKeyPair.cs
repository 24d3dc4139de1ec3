using System.Text.Json;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.DataKeys;

/// <summary>What the two operations that make data key pairs have in common.</summary>
internal static class DataKeyPair
{
    private static readonly string[] Specs =
    [
        "RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "SM2",
        "ECC_NIST_EDWARDS25519",
    ];

    /// <exception cref="KmsException">ValidationException; UnsupportedOperationException: the simulator makes no such pairs.</exception>
    public static KeySpec.Asymmetric ReadSpec(KmsParameters parameters) =>
        (KeySpec.Asymmetric)KeySpec.Find(parameters.RequiredEnumerated("KeyPairSpec", Specs));

    /// <summary>Writes the members that are no secret.</summary>
    public static void Write(Utf8JsonWriter answer, KeySpec.Asymmetric spec, AsymmetricMaterial pair, byte[] wrappedPrivateKey)
    {
        answer.WriteString("KeyPairSpec", spec.Name);
        answer.WriteBase64String("PublicKey", pair.PublicKey.Span);
        answer.WriteBase64String("PrivateKeyCiphertextBlob", wrappedPrivateKey);
    }
}
