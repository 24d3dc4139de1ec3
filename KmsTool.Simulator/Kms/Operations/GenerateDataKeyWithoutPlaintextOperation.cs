using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.DataKeys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class GenerateDataKeyWithoutPlaintextOperation(WrappingKeys wrappingKeys) : IKmsOperation
{
    public string Name => "GenerateDataKeyWithoutPlaintext";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        int length = DataKey.ReadLength(call.Parameters);
        WrappingKey wrappingKey = wrappingKeys.Authorize(call, Name);
        using SensitiveBytes dataKey = DataKey.Generate(length);
        answer.WriteBase64String("CiphertextBlob", wrappingKey.Wrap(dataKey.Span));
        answer.WriteString("KeyId", wrappingKey.Key.Arn);
    }
}
