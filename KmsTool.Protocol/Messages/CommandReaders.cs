using System.Text.Json;
using KmsTool.Protocol.Nsm;

namespace KmsTool.Protocol.Messages;

/// <summary>Reads each operation's command out of its members.</summary>
internal static class CommandReaders
{
    /// <summary>By operation. Each throws <see cref="InvalidMemberException"/> for what cannot be sent to KMS.</summary>
    public static IReadOnlyDictionary<string, Func<CommandMembers, Command>> ByOperation { get; } =
        new Dictionary<string, Func<CommandMembers, Command>>(StringComparer.Ordinal)
        {
            [SetClientCommand.Name] = CredentialsReader.ReadSetClient,
            [PushCredentialsCommand.Name] = CredentialsReader.ReadPushCredentials,
            [DecryptCommand.Name] = ReadDecrypt,
            [GenerateDataKeyCommand.Name] = ReadGenerateDataKey,
            [GenerateDataKeyPairCommand.Name] = ReadGenerateDataKeyPair,
            [GenerateRandomCommand.Name] = ReadGenerateRandom,
            [DeriveSharedSecretCommand.Name] = ReadDeriveSharedSecret,
            [DescribeCommand.Name] = _ => new DescribeCommand(),
            [AttestCommand.Name] = ReadAttest,
        };

    private static DecryptCommand ReadDecrypt(CommandMembers members)
    {
        if (members.Find("Ciphertext") is not { } ciphertext)
        {
            throw new InvalidMemberException(ErrorTexts.NoCiphertext);
        }

        if (ciphertext.ValueKind != JsonValueKind.String || !ciphertext.TryGetBytesFromBase64(out byte[]? blob))
        {
            throw new InvalidMemberException(ErrorTexts.CiphertextNotBase64);
        }

        if (blob.Length is 0 or > KmsLimits.MaxCiphertextLength)
        {
            throw new InvalidMemberException(
                $"{ErrorTexts.NotDecrypted}: Ciphertext has {blob.Length} bytes; KMS takes 1 to {KmsLimits.MaxCiphertextLength}");
        }

        return new DecryptCommand
        {
            Ciphertext = blob,
            EncryptionContext = members.EncryptionContext(),
            KeyId = members.KeyId(),
            EncryptionAlgorithm = members.OneOf("EncryptionAlgorithm", KmsLimits.EncryptionAlgorithms),
            GrantTokens = members.GrantTokens(),
            DryRun = members.DryRun(),
        };
    }

    private static GenerateDataKeyCommand ReadGenerateDataKey(CommandMembers members)
    {
        var command = new GenerateDataKeyCommand
        {
            KeyId = members.KeyId(),
            KeySpec = members.OneOf("KeySpec", KmsLimits.DataKeySpecs),
            NumberOfBytes = members.Number("NumberOfBytes", 1, KmsLimits.MaxRandomLength),
            EncryptionContext = members.EncryptionContext(),
            GrantTokens = members.GrantTokens(),
            DryRun = members.DryRun(),
        };
        return (command.KeySpec is null) != (command.NumberOfBytes is null)
            ? command
            : throw new InvalidMemberException($"KeySpec ({string.Join(" or ", KmsLimits.DataKeySpecs)}) or NumberOfBytes "
                + $"(1 to {KmsLimits.MaxRandomLength}) is needed, and only one of them");
    }

    private static GenerateDataKeyPairCommand ReadGenerateDataKeyPair(CommandMembers members) => new()
    {
        KeyId = members.KeyId(),
        KeyPairSpec = members.OneOf("KeyPairSpec", KmsLimits.KeyPairSpecs)
            ?? throw new InvalidMemberException($"KeyPairSpec is missing: it takes one of {string.Join(", ", KmsLimits.KeyPairSpecs)}"),
        EncryptionContext = members.EncryptionContext(),
        GrantTokens = members.GrantTokens(),
        DryRun = members.DryRun(),
    };

    private static GenerateRandomCommand ReadGenerateRandom(CommandMembers members) => new()
    {
        NumberOfBytes = members.Number("NumberOfBytes", 1, KmsLimits.MaxRandomLength)
            ?? throw new InvalidMemberException($"NumberOfBytes is missing: it takes a number from 1 to {KmsLimits.MaxRandomLength}"),
    };

    private static DeriveSharedSecretCommand ReadDeriveSharedSecret(CommandMembers members) => new()
    {
        KeyId = members.KeyId(),
        KeyAgreementAlgorithm = members.OneOf("KeyAgreementAlgorithm", KmsLimits.KeyAgreementAlgorithms),
        PublicKey = members.Bytes("PublicKey", 1, KmsLimits.MaxPublicKeyLength)
            ?? throw new InvalidMemberException($"PublicKey is missing: it takes 1 to {KmsLimits.MaxPublicKeyLength} bytes in base64"),
        GrantTokens = members.GrantTokens(),
        DryRun = members.DryRun(),
    };

    private static AttestCommand ReadAttest(CommandMembers members) => members.Has("PublicKey")
        // Not ignored as other unknown members are: a caller who expects it to be attested must not think it was.
        ? throw new InvalidMemberException("PublicKey is wrong: the enclave attests no key but its own, to KMS")
        : new AttestCommand
        {
            Nonce = members.Bytes("Nonce", 0, NsmLimits.MaxAttestationFieldLength),
            UserData = members.Bytes("UserData", 0, NsmLimits.MaxAttestationFieldLength),
        };
}
