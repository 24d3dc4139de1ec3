using System.Security.Cryptography;
using System.Text.Json;
using KmsTool.Protocol;
using KmsTool.Simulator.Kms.Attestation;
using KmsTool.Simulator.Kms.Keys;

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

/// <summary>Finds the key of a request for a data key, and decides whether the caller may use it.</summary>
internal sealed class WrappingKeys(KeyStore keys, KmsAuthorizer authorizer)
{
    /// <param name="call">The request, whose other members have been read.</param>
    /// <param name="operation">The operation's name.</param>
    /// <param name="recipient">The enclave that is to get the data key, if any.</param>
    /// <param name="pairSpec">What the data key is, where it is a pair.</param>
    /// <exception cref="KmsException">The request cannot be granted; DryRunOperationException: it could.</exception>
    public WrappingKey Authorize(KmsCall call, string operation, Recipient? recipient = null, KeySpec.Asymmetric? pairSpec = null)
    {
        KmsParameters parameters = call.Parameters;
        string keyId = parameters.ReadRequiredKeyId();
        EncryptionContext context = parameters.ReadEncryptionContext();
        parameters.CheckGrantTokens();

        KmsKey key = keys.Find(keyId);
        var use = new KeyUse($"kms:{operation}")
        {
            Context = context,
            Recipient = recipient,
            EncryptionAlgorithm = EncryptionAlgorithm.SymmetricDefault,
            DataKeyPairSpec = pairSpec?.Name,
        };
        authorizer.AuthorizeUse(call, key, use);
        EncryptionAlgorithm.Check(key, EncryptionAlgorithm.SymmetricDefault, context, operation);
        parameters.ThrowIfDryRun();
        return new WrappingKey(key, context);
    }
}

/// <summary>The symmetric key that encrypts a data key, and the encryption context to which it is bound.</summary>
internal sealed record WrappingKey(KmsKey Key, EncryptionContext Context)
{
    /// <summary>Makes a ciphertext that Decrypt takes.</summary>
    public byte[] Wrap(ReadOnlySpan<byte> dataKey) => KeyCipher.Encrypt(Key, EncryptionAlgorithm.SymmetricDefault, dataKey, Context);
}
