using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;

namespace KmsTool.Simulator.Kms.Operations;

internal sealed class GenerateDataKeyOperation(
    WrappingKeys wrappingKeys, RecipientReader recipients, RecipientResponseWriter recipientResponse) : IKmsOperation
{
    public string Name => "GenerateDataKey";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        int length = DataKey.ReadLength(call.Parameters);
        Recipient? recipient = recipients.Read(call.Parameters);
        WrappingKey wrappingKey = wrappingKeys.Authorize(call, Name, recipient);
        using SensitiveBytes dataKey = DataKey.Generate(length);
        response.WriteBase64String("CiphertextBlob", wrappingKey.Wrap(dataKey.Span));
        recipientResponse.WriteKeyId(response, recipient, wrappingKey.Key);
        recipientResponse.WritePlaintext(response, recipient, "Plaintext", dataKey.Span);
    }
}

internal sealed class GenerateDataKeyWithoutPlaintextOperation(WrappingKeys wrappingKeys) : IKmsOperation
{
    public string Name => "GenerateDataKeyWithoutPlaintext";

    public void Execute(KmsCall call, Utf8JsonWriter response)
    {
        int length = DataKey.ReadLength(call.Parameters);
        WrappingKey wrappingKey = wrappingKeys.Authorize(call, Name);
        using SensitiveBytes dataKey = DataKey.Generate(length);
        response.WriteBase64String("CiphertextBlob", wrappingKey.Wrap(dataKey.Span));
        response.WriteString("KeyId", wrappingKey.Key.Arn);
    }
}

/// <summary>Makes symmetric data keys, which are random bytes.</summary>
internal static class DataKey
{
    private const int MaxLength = 1024;

    /// <summary>Reads the length in bytes, which a request gives in one of two ways.</summary>
    /// <exception cref="KmsException">ValidationException.</exception>
    public static int ReadLength(KmsParameters parameters)
    {
        string? spec = parameters.ReadEnumerated("KeySpec", ["AES_256", "AES_128"]);
        int? length = parameters.ReadInteger("NumberOfBytes", 1, MaxLength);
        return (spec, length) switch
        {
            ("AES_256", null) => 32,
            ("AES_128", null) => 16,
            (null, { } bytes) => bytes,
            _ => throw KmsException.Validation("Please specify either number of bytes or key spec."),
        };
    }

    public static SensitiveBytes Generate(int length)
    {
        var key = SensitiveBytes.Allocate(length);
        RandomNumberGenerator.Fill(key.WritableSpan);
        return key;
    }
}
