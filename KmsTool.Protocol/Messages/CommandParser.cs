using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Reads a command out of a message, strictly: UTF-8, no duplicate member at any depth, nothing after the object. What is
/// wrong with a message is said with the original's texts and in its order.
/// </summary>
public static class CommandParser
{
    // AWS API Reference, AccessKey: 16 to 128 word characters; test credentials use shorter ones and dashes.
    private const int MaxAccessKeyIdLength = 128;

    private static readonly SearchValues<char> AccessKeyIdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Reads <paramref name="message"/> (without its NUL). The command holds copies; it owns its secrets.</summary>
    /// <returns>The command, or an <see cref="InvalidCommand"/> that carries the error reply.</returns>
    public static Command Parse(ReadOnlySequence<byte> message)
    {
        if (message.IsSingleSegment)
            return Parse(message.First);

        using SensitiveBytes joined = SensitiveBytes.Allocate((int)message.Length);
        message.CopyTo(joined.WritableSpan);
        return Parse(joined.Memory);
    }

    private static Command Parse(ReadOnlyMemory<byte> message)
    {
        if (!Utf8.IsValid(message.Span))
            return NotJson(" (not UTF-8)");

        try
        {
            using var document = JsonDocument.Parse(message, Strict);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            // The exception's text quotes the input; the reply must not.
            return NotJson("");
        }
        catch (InvalidOperationException)
        {
            // A \u escape of half a surrogate pair shows only when the string is read.
            return NotJson(" (invalid escape)");
        }
    }

    private static InvalidCommand NotJson(string reason) => new(null, ErrorTexts.NotJson + reason, ErrorCodes.InvalidMessage);

    private static Command Read(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Null)
            return NotJson("");

        if (root.ValueKind != JsonValueKind.Object)
            return new InvalidCommand(null, ErrorTexts.NotAnObject, ErrorCodes.InvalidMessage);

        if (Find(root, "Operation") is not { } operation)
            return new InvalidCommand(null, ErrorTexts.NoOperation, ErrorCodes.InvalidMessage);

        if (operation.ValueKind != JsonValueKind.String)
            return new InvalidCommand(null, ErrorTexts.OperationNotText, ErrorCodes.InvalidMessage);

        return operation.GetString() switch
        {
            SetClientCommand.Name => ReadSetClient(root),
            DecryptCommand.Name => ReadDecrypt(root),
            _ => new InvalidCommand(null, ErrorTexts.UnknownOperation, ErrorCodes.UnknownOperation),
        };
    }

    private static Command ReadSetClient(JsonElement root)
    {
        JsonElement? accessKeyId = Find(root, "AwsAccessKeyId");
        JsonElement? secretAccessKey = Find(root, "AwsSecretAccessKey");
        JsonElement? sessionToken = Find(root, "AwsSessionToken");
        JsonElement? region = Find(root, "AwsRegion");
        if (!IsText(accessKeyId) || !IsText(secretAccessKey) || (sessionToken is not null && !IsText(sessionToken)))
            return Invalid(SetClientCommand.Name, ErrorTexts.NoCredentials);

        if (region is not null && !IsText(region))
            return Invalid(SetClientCommand.Name, ErrorTexts.RegionConflict + " AwsRegion is not a string", ErrorCodes.InvalidRegion);

        string id = accessKeyId!.Value.GetString()!;
        if (id.Length is 0 or > MaxAccessKeyIdLength || id.AsSpan().ContainsAnyExcept(AccessKeyIdCharacters))
            return Invalid(SetClientCommand.Name, ErrorTexts.NoCredentials + ": AwsAccessKeyId is malformed");

        // Reading throws for an invalid escape; a secret that has been read by then is cleared.
        string? regionText = region?.GetString();
        SensitiveBytes secret = ReadSecret(secretAccessKey!.Value);
        SensitiveBytes? tokenText;
        try
        {
            tokenText = sessionToken is { } token && !token.ValueEquals("") ? ReadSecret(token) : null;
        }
        catch (InvalidOperationException)
        {
            secret.Dispose();
            throw;
        }

        var command = new SetClientCommand
        {
            AwsAccessKeyId = id,
            AwsSecretAccessKey = secret,
            AwsSessionToken = tokenText,
            AwsRegion = regionText,
        };
        if (command.AwsSecretAccessKey.Length == 0 || !IsHeaderValue(command.AwsSessionToken))
        {
            command.Dispose();
            return Invalid(SetClientCommand.Name, ErrorTexts.NoCredentials + ": a secret is empty or malformed");
        }

        return command;
    }

    private static Command ReadDecrypt(JsonElement root)
    {
        if (Find(root, "Ciphertext") is not { } ciphertext)
            return Invalid(DecryptCommand.Name, ErrorTexts.NoCiphertext);

        if (ciphertext.ValueKind != JsonValueKind.String || !ciphertext.TryGetBytesFromBase64(out byte[]? blob))
            return Invalid(DecryptCommand.Name, ErrorTexts.CiphertextNotBase64);

        if (blob.Length is 0 or > KmsLimits.MaxCiphertextLength)
        {
            return Invalid(DecryptCommand.Name,
                $"{ErrorTexts.NotDecrypted}: Ciphertext has {blob.Length} bytes; KMS takes 1 to {KmsLimits.MaxCiphertextLength}");
        }

        if (!TryReadContext(root, out Dictionary<string, string>? context, out string? error)
            || !TryReadText(root, "KeyId", KmsLimits.MaxKeyIdLength, out string? keyId, out error)
            || !TryReadText(root, "EncryptionAlgorithm", 64, out string? algorithm, out error)
            || !TryReadGrantTokens(root, out List<string>? grantTokens, out error))
        {
            return Invalid(DecryptCommand.Name, error!);
        }

        if (algorithm is not null && !KmsLimits.EncryptionAlgorithms.Contains(algorithm))
        {
            return Invalid(DecryptCommand.Name,
                $"EncryptionAlgorithm is not one of {string.Join(", ", KmsLimits.EncryptionAlgorithms)}");
        }

        return new DecryptCommand
        {
            Ciphertext = blob,
            EncryptionContext = context,
            KeyId = keyId,
            EncryptionAlgorithm = algorithm,
            GrantTokens = grantTokens,
        };
    }

    private static bool TryReadContext(JsonElement root, out Dictionary<string, string>? context, out string? error)
    {
        context = null;
        error = null;
        if (Find(root, "EncryptionContext") is not { } element)
            return true;

        if (element.ValueKind != JsonValueKind.Object)
        {
            error = "EncryptionContext is wrong type: it takes an object of strings";
            return false;
        }

        context = new Dictionary<string, string>(StringComparer.Ordinal);
        int length = 0;
        foreach (JsonProperty pair in element.EnumerateObject())
        {
            if (pair.Value.ValueKind != JsonValueKind.String)
            {
                error = "EncryptionContext is wrong type: each of its values must be a string";
                return false;
            }

            context.Add(pair.Name, pair.Value.GetString()!);
            length += pair.Name.Length + context[pair.Name].Length;
            if (length > KmsLimits.MaxEncryptionContextLength)
            {
                error = $"EncryptionContext is too large: it takes {KmsLimits.MaxEncryptionContextLength} characters in all";
                return false;
            }
        }

        return true;
    }

    private static bool TryReadText(JsonElement root, string name, int maxLength, out string? text, out string? error)
    {
        text = null;
        error = null;
        if (Find(root, name) is not { } element)
            return true;

        text = element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        if (text is null || text.Length == 0 || text.Length > maxLength)
            error = $"{name} is wrong: it takes a string of 1 to {maxLength} characters";

        return error is null;
    }

    private static bool TryReadGrantTokens(JsonElement root, out List<string>? tokens, out string? error)
    {
        tokens = null;
        error = null;
        if (Find(root, "GrantTokens") is not { } element)
            return true;

        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > KmsLimits.MaxGrantTokens
            || element.EnumerateArray().Any(token => token.ValueKind != JsonValueKind.String
                || token.GetString()!.Length is 0 or > KmsLimits.MaxGrantTokenLength))
        {
            error = $"GrantTokens is wrong: it takes an array of at most {KmsLimits.MaxGrantTokens} strings "
                + $"of 1 to {KmsLimits.MaxGrantTokenLength} characters";
            return false;
        }

        tokens = [.. element.EnumerateArray().Select(token => token.GetString()!)];
        return true;
    }

    // json-c, on which the original is built, cannot tell null from absent.
    private static JsonElement? Find(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static bool IsText(JsonElement? element) => element is { ValueKind: JsonValueKind.String };

    // The session token travels in a header of the request to KMS.
    private static bool IsHeaderValue(SensitiveBytes? token) =>
        token is null || !token.Span.ContainsAnyExceptInRange((byte)'!', (byte)'~');

    private static SensitiveBytes ReadSecret(JsonElement text)
    {
        var reader = new Utf8JsonReader(JsonMarshal.GetRawUtf8Value(text));
        reader.Read();
        return SensitiveTextConverter.Read(ref reader);
    }

    private static InvalidCommand Invalid(string operation, string message, string code = ErrorCodes.InvalidParameter) =>
        new(operation, message, code);
}
