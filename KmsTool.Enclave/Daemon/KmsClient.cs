using System.Buffers;
using System.Text.Json;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Daemon;

/// <summary>What SetClient gives a connection: credentials and an endpoint. Clears the credentials when disposed.</summary>
internal sealed class KmsClient(AttestedKmsClient kms, KmsEndpoint endpoint, KmsCredentials credentials) : IDisposable
{
    /// <summary>Has KMS decrypt the command's ciphertext.</summary>
    /// <returns>The plaintext, which the caller owns.</returns>
    /// <exception cref="CommandException">With the reply to send.</exception>
    public async Task<SensitiveBytes> DecryptAsync(DecryptCommand command, CancellationToken cancellationToken)
    {
        try
        {
            return await kms.SendAsync(KmsOperation.Decrypt, Parameters(command), endpoint, credentials, cancellationToken) switch
            {
                KmsAnswer.Opened opened => opened.Plaintext,
                KmsAnswer.Refused refused => throw Failed(refused.Code, refused.Message),
                _ => throw new InvalidOperationException("KmsAnswer has two cases."),
            };
        }
        catch (KmsException e)
        {
            throw Failed(e.Code, e.Message);
        }
    }

    public void Dispose() => credentials.Dispose();

    private static CommandException Failed(string code, string message) =>
        new($"{ErrorTexts.NotDecrypted}: {code}: {message}", code);

    private static ReadOnlyMemory<byte> Parameters(DecryptCommand command)
    {
        var buffer = new ArrayBufferWriter<byte>(command.Ciphertext.Length * 2);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteBase64String("CiphertextBlob"u8, command.Ciphertext.Span);
        if (command.KeyId is { } keyId)
            json.WriteString("KeyId"u8, keyId);

        if (command.EncryptionAlgorithm is { } algorithm)
            json.WriteString("EncryptionAlgorithm"u8, algorithm);

        if (command.EncryptionContext is { } context)
        {
            json.WriteStartObject("EncryptionContext"u8);
            foreach ((string name, string value) in context)
                json.WriteString(name, value);

            json.WriteEndObject();
        }

        if (command.GrantTokens is { } tokens)
        {
            json.WriteStartArray("GrantTokens"u8);
            foreach (string token in tokens)
                json.WriteStringValue(token);

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
