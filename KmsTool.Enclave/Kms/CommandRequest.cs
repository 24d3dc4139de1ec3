using System.Text.Json;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Kms;

/// <summary>What a command asks for. Members are those of the AWS KMS API Reference; absent where <see langword="null"/>.</summary>
internal sealed record CommandRequest(KmsOperation Operation) : KmsRequest(Operation)
{
    public ReadOnlyMemory<byte>? CiphertextBlob { get; init; }

    public string? KeySpec { get; init; }

    public string? KeyPairSpec { get; init; }

    public int? NumberOfBytes { get; init; }

    public string? KeyAgreementAlgorithm { get; init; }

    public ReadOnlyMemory<byte>? PublicKey { get; init; }

    public IReadOnlyList<string>? GrantTokens { get; init; }

    public bool? DryRun { get; init; }

    public static CommandRequest Of(KmsCommand command) => command switch
    {
        DecryptCommand decrypt => new CommandRequest(KmsOperation.Decrypt)
        {
            CiphertextBlob = decrypt.Ciphertext,
            KeyId = decrypt.KeyId,
            EncryptionAlgorithm = decrypt.EncryptionAlgorithm,
            EncryptionContext = decrypt.EncryptionContext,
            GrantTokens = decrypt.GrantTokens,
            DryRun = decrypt.DryRun,
        },
        GenerateDataKeyCommand dataKey => new CommandRequest(KmsOperation.GenerateDataKey)
        {
            KeyId = dataKey.KeyId,
            KeySpec = dataKey.KeySpec,
            NumberOfBytes = dataKey.NumberOfBytes,
            EncryptionContext = dataKey.EncryptionContext,
            GrantTokens = dataKey.GrantTokens,
            DryRun = dataKey.DryRun,
        },
        GenerateDataKeyPairCommand pair => new CommandRequest(KmsOperation.GenerateDataKeyPair)
        {
            KeyId = pair.KeyId,
            KeyPairSpec = pair.KeyPairSpec,
            EncryptionContext = pair.EncryptionContext,
            GrantTokens = pair.GrantTokens,
            DryRun = pair.DryRun,
        },
        GenerateRandomCommand random => new CommandRequest(KmsOperation.GenerateRandom) { NumberOfBytes = random.NumberOfBytes },
        DeriveSharedSecretCommand derive => new CommandRequest(KmsOperation.DeriveSharedSecret)
        {
            KeyId = derive.KeyId,
            KeyAgreementAlgorithm = derive.KeyAgreementAlgorithm ?? KmsLimits.KeyAgreementAlgorithms[0],
            PublicKey = derive.PublicKey,
            GrantTokens = derive.GrantTokens,
            DryRun = derive.DryRun,
        },
        _ => throw new ArgumentException("Not an operation that takes a recipient.", nameof(command)),
    };

    protected override void WriteMembers(Utf8JsonWriter json)
    {
        WriteBytes(json, "CiphertextBlob", CiphertextBlob);
        WriteText(json, "KeyId", KeyId);
        WriteText(json, "KeySpec", KeySpec);
        WriteText(json, "KeyPairSpec", KeyPairSpec);
        if (NumberOfBytes is { } number)
        {
            json.WriteNumber("NumberOfBytes"u8, number);
        }

        WriteText(json, "EncryptionAlgorithm", EncryptionAlgorithm);
        WriteText(json, "KeyAgreementAlgorithm", KeyAgreementAlgorithm);
        WriteBytes(json, "PublicKey", PublicKey);
        WriteContext(json);
        WriteGrantTokens(json);
        if (DryRun is { } dryRun)
        {
            json.WriteBoolean("DryRun"u8, dryRun);
        }
    }

    private void WriteContext(Utf8JsonWriter json)
    {
        if (EncryptionContext is not { } context)
        {
            return;
        }

        json.WriteStartObject("EncryptionContext"u8);
        foreach ((string name, string value) in context)
        {
            json.WriteString(name, value);
        }

        json.WriteEndObject();
    }

    private void WriteGrantTokens(Utf8JsonWriter json)
    {
        if (GrantTokens is not { } tokens)
        {
            return;
        }

        json.WriteStartArray("GrantTokens"u8);
        foreach (string token in tokens)
        {
            json.WriteStringValue(token);
        }

        json.WriteEndArray();
    }

    private static void WriteBytes(Utf8JsonWriter json, string name, ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is { } value)
        {
            json.WriteBase64String(name, value.Span);
        }
    }
}
