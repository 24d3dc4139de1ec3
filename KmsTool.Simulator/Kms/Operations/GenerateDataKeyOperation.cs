using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.DataKeys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class GenerateDataKeyOperation(
    WrappingKeys wrappingKeys, RecipientReader recipients, RecipientAnswer recipientAnswer) : IKmsOperation
{
    public string Name => "GenerateDataKey";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        int length = DataKey.ReadLength(call.Parameters);
        Recipient? recipient = recipients.Read(call.Parameters);
        WrappingKey wrappingKey = wrappingKeys.Authorize(call, Name, recipient);
        using SensitiveBytes dataKey = DataKey.Generate(length);
        answer.WriteBase64String("CiphertextBlob", wrappingKey.Wrap(dataKey.Span));
        recipientAnswer.WriteKeyId(answer, recipient, wrappingKey.Key);
        recipientAnswer.WritePlaintext(answer, recipient, "Plaintext", dataKey.Span);
    }
}
