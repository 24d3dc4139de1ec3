using System.Buffers;
using System.Text.Json;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// A request to KMS without its recipient, which nobody but <see cref="AttestedKmsClient"/> adds. Members are those of the
/// AWS KMS API Reference; absent where <see langword="null"/>.
/// </summary>
internal sealed record KmsRequest(KmsOperation Operation)
{
    public ReadOnlyMemory<byte>? CiphertextBlob { get; init; }

    public string? KeyId { get; init; }

    public string? KeySpec { get; init; }

    public string? KeyPairSpec { get; init; }

    public int? NumberOfBytes { get; init; }

    public string? EncryptionAlgorithm { get; init; }

    public string? KeyAgreementAlgorithm { get; init; }

    public ReadOnlyMemory<byte>? PublicKey { get; init; }

    public IReadOnlyDictionary<string, string>? EncryptionContext { get; init; }

    public IReadOnlyList<string>? GrantTokens { get; init; }

    public bool? DryRun { get; init; }

    public static KmsRequest Of(KmsCommand command) => command switch
    {
        DecryptCommand decrypt => new KmsRequest(KmsOperation.Decrypt)
        {
            CiphertextBlob = decrypt.Ciphertext,
            KeyId = decrypt.KeyId,
            EncryptionAlgorithm = decrypt.EncryptionAlgorithm,
            EncryptionContext = decrypt.EncryptionContext,
            GrantTokens = decrypt.GrantTokens,
            DryRun = decrypt.DryRun,
        },
        GenerateDataKeyCommand dataKey => new KmsRequest(KmsOperation.GenerateDataKey)
        {
            KeyId = dataKey.KeyId,
            KeySpec = dataKey.KeySpec,
            NumberOfBytes = dataKey.NumberOfBytes,
            EncryptionContext = dataKey.EncryptionContext,
            GrantTokens = dataKey.GrantTokens,
            DryRun = dataKey.DryRun,
        },
        GenerateDataKeyPairCommand pair => new KmsRequest(KmsOperation.GenerateDataKeyPair)
        {
            KeyId = pair.KeyId,
            KeyPairSpec = pair.KeyPairSpec,
            EncryptionContext = pair.EncryptionContext,
            GrantTokens = pair.GrantTokens,
            DryRun = pair.DryRun,
        },
        GenerateRandomCommand random => new KmsRequest(KmsOperation.GenerateRandom) { NumberOfBytes = random.NumberOfBytes },
        DeriveSharedSecretCommand derive => new KmsRequest(KmsOperation.DeriveSharedSecret)
        {
            KeyId = derive.KeyId,
            KeyAgreementAlgorithm = derive.KeyAgreementAlgorithm ?? KmsLimits.KeyAgreementAlgorithms[0],
            PublicKey = derive.PublicKey,
            GrantTokens = derive.GrantTokens,
            DryRun = derive.DryRun,
        },
        _ => throw new ArgumentException("Not an operation that takes a recipient.", nameof(command)),
    };

    /// <summary>The JSON object in UTF-8.</summary>
    /// <param name="recipient">The member <c>"Recipient":{…}</c>, in UTF-8.</param>
    public ReadOnlyMemory<byte> ToJson(ReadOnlySpan<byte> recipient)
    {
        var buffer = new ArrayBufferWriter<byte>(recipient.Length + 256 + ((CiphertextBlob?.Length ?? 0) * 3 / 2));
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        WriteBytes(json, "CiphertextBlob", CiphertextBlob);
        WriteText(json, "KeyId", KeyId);
        WriteText(json, "KeySpec", KeySpec);
        WriteText(json, "KeyPairSpec", KeyPairSpec);
        if (NumberOfBytes is { } number)
            json.WriteNumber("NumberOfBytes"u8, number);

        WriteText(json, "EncryptionAlgorithm", EncryptionAlgorithm);
        WriteText(json, "KeyAgreementAlgorithm", KeyAgreementAlgorithm);
        WriteBytes(json, "PublicKey", PublicKey);
        WriteContext(json);
        WriteGrantTokens(json);
        if (DryRun is { } dryRun)
            json.WriteBoolean("DryRun"u8, dryRun);

        json.Flush();
        // Every operation has a required member, so one stands before it.
        buffer.Write(","u8);
        buffer.Write(recipient);
        buffer.Write("}"u8);
        return buffer.WrittenMemory;
    }

    private void WriteContext(Utf8JsonWriter json)
    {
        if (EncryptionContext is not { } context)
            return;

        json.WriteStartObject("EncryptionContext"u8);
        foreach ((string name, string value) in context)
            json.WriteString(name, value);

        json.WriteEndObject();
    }

    private void WriteGrantTokens(Utf8JsonWriter json)
    {
        if (GrantTokens is not { } tokens)
            return;

        json.WriteStartArray("GrantTokens"u8);
        foreach (string token in tokens)
            json.WriteStringValue(token);

        json.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
            json.WriteString(name, text);
    }

    private static void WriteBytes(Utf8JsonWriter json, string name, ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is { } value)
            json.WriteBase64String(name, value.Span);
    }
}
