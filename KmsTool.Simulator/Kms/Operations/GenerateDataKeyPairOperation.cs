using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.DataKeys;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class GenerateDataKeyPairOperation(
    WrappingKeys wrappingKeys, RecipientReader recipients, RecipientAnswer recipientAnswer) : IKmsOperation
{
    public string Name => "GenerateDataKeyPair";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        KeySpec.Asymmetric spec = DataKeyPair.ReadSpec(call.Parameters);
        Recipient? recipient = recipients.Read(call.Parameters);
        WrappingKey wrappingKey = wrappingKeys.Authorize(call, Name, recipient, spec);
        using AsymmetricMaterial pair = spec.Generate();
        using SensitiveBytes privateKey = pair.ExportPrivateKey();
        DataKeyPair.Write(answer, spec, pair, wrappingKey.Wrap(privateKey.Span));
        recipientAnswer.WriteKeyId(answer, recipient, wrappingKey.Key);
        recipientAnswer.WritePlaintext(answer, recipient, "PrivateKeyPlaintext", privateKey.Span);
    }
}
