using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.DataKeys;
using KmsTool.Simulator.Kms.Keys;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class GenerateDataKeyPairWithoutPlaintextOperation(WrappingKeys wrappingKeys) : IKmsOperation
{
    public string Name => "GenerateDataKeyPairWithoutPlaintext";

    public void Execute(KmsCall call, Utf8JsonWriter answer)
    {
        KeySpec.Asymmetric spec = DataKeyPair.ReadSpec(call.Parameters);
        WrappingKey wrappingKey = wrappingKeys.Authorize(call, Name, pairSpec: spec);
        using AsymmetricMaterial pair = spec.Generate();
        using SensitiveBytes privateKey = pair.ExportPrivateKey();
        DataKeyPair.Write(answer, spec, pair, wrappingKey.Wrap(privateKey.Span));
        answer.WriteString("KeyId", wrappingKey.Key.Arn);
    }
}
