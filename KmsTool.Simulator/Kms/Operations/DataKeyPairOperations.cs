using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class GenerateDataKeyPairOperation(
    WrappingKeys wrappingKeys, RecipientReader recipients, RecipientResponseWriter recipientResponse) : IKmsOperation
{
    public string Name => "GenerateDataKeyPair";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        KeySpec.Asymmetric spec = DataKeyPair.ReadSpec(call.Parameters);
        Recipient? recipient = recipients.Read(call.Parameters);
        WrappingKey wrappingKey = wrappingKeys.Authorize(call, Name, recipient, spec);
        using AsymmetricMaterial pair = spec.Generate();
        using SensitiveBytes privateKey = pair.ExportPrivateKey();
        DataKeyPair.Write(response, spec, pair, wrappingKey.Wrap(privateKey.Span));
        recipientResponse.WriteKeyId(response, recipient, wrappingKey.Key);
        recipientResponse.WritePlaintext(response, recipient, "PrivateKeyPlaintext", privateKey.Span);
    }
}

internal sealed class GenerateDataKeyPairWithoutPlaintextOperation(WrappingKeys wrappingKeys) : IKmsOperation
{
    public string Name => "GenerateDataKeyPairWithoutPlaintext";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        KeySpec.Asymmetric spec = DataKeyPair.ReadSpec(call.Parameters);
        WrappingKey wrappingKey = wrappingKeys.Authorize(call, Name, pairSpec: spec);
        using AsymmetricMaterial pair = spec.Generate();
        using SensitiveBytes privateKey = pair.ExportPrivateKey();
        DataKeyPair.Write(response, spec, pair, wrappingKey.Wrap(privateKey.Span));
        response.WriteString("KeyId", wrappingKey.Key.Arn);
    }
}

/// <summary>Reads the requests and writes the responses of both operations that make data key pairs.</summary>
internal static class DataKeyPair
{
    private static readonly string[] Specs =
    [
        "RSA_2048", "RSA_3072", "RSA_4096", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521", "ECC_SECG_P256K1", "SM2",
        "ECC_NIST_EDWARDS25519",
    ];

    /// <exception cref="KmsException">ValidationException; UnsupportedOperationException: the simulator makes no such pairs.</exception>
    public static KeySpec.Asymmetric ReadSpec(KmsParameters parameters) =>
        (KeySpec.Asymmetric)KeySpec.Find(parameters.ReadRequiredEnumerated("KeyPairSpec", Specs));

    /// <summary>Writes the members that are not secret.</summary>
    public static void Write(Utf8JsonWriter response, KeySpec.Asymmetric spec, AsymmetricMaterial pair, byte[] wrappedPrivateKey)
    {
        response.WriteString("KeyPairSpec", spec.Name);
        response.WriteBase64String("PublicKey", pair.PublicKey.Span);
        response.WriteBase64String("PrivateKeyCiphertextBlob", wrappedPrivateKey);
    }
}
