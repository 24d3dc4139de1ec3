using System.Text.Json;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Reads the members of a command within their bounds. One that is null counts as absent: json-c, on which the AWS sample is
/// built, cannot tell the two apart.
/// </summary>
/// <exception cref="InvalidMemberException">From every method: the member's name and its bound.</exception>
internal readonly struct CommandMembers(JsonElement root)
{
    public JsonElement? Find(string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public bool Has(string name) => Find(name) is not null;

    public string? Text(string name, int maxLength)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        string? text = element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        return text is { Length: > 0 } && text.Length <= maxLength
            ? text
            : throw new InvalidMemberException($"{name} is wrong: it takes a string of 1 to {maxLength} characters");
    }

    public string? OneOf(string name, IReadOnlyList<string> values)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        string? text = element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        return text is not null && values.Contains(text)
            ? text
            : throw new InvalidMemberException($"{name} is wrong: it takes one of {string.Join(", ", values)}");
    }

    public int? Number(string name, int least, int most)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw new InvalidMemberException($"{name} is wrong: it takes a number from {least} to {most}");
    }

    public DateTimeOffset? Time(string name)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        return element.ValueKind == JsonValueKind.String && element.TryGetDateTimeOffset(out DateTimeOffset time)
            ? time
            : throw new InvalidMemberException($"{name} is wrong: it takes a time such as 2026-01-02T03:04:05Z");
    }

    public bool? Boolean(string name) => Find(name)?.ValueKind switch
    {
        null => null,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw new InvalidMemberException($"{name} is wrong: it takes true or false"),
    };

    public ReadOnlyMemory<byte>? Bytes(string name, int least, int most)
    {
        if (Find(name) is not { } element)
        {
            return null;
        }

        return element.ValueKind == JsonValueKind.String && element.TryGetBytesFromBase64(out byte[]? bytes)
            && bytes.Length >= least && bytes.Length <= most
            ? bytes
            : throw new InvalidMemberException($"{name} is wrong: it takes {least} to {most} bytes in base64");
    }

    public IReadOnlyDictionary<string, string>? EncryptionContext()
    {
        if (Find("EncryptionContext") is not { } element)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidMemberException("EncryptionContext is wrong type: it takes an object of strings");
        }

        var context = new Dictionary<string, string>(StringComparer.Ordinal);
        int length = 0;
        foreach (JsonProperty pair in element.EnumerateObject())
        {
            if (pair.Value.ValueKind != JsonValueKind.String)
            {
                throw new InvalidMemberException("EncryptionContext is wrong type: each of its values must be a string");
            }

            string value = pair.Value.GetString()!;
            context.Add(pair.Name, value);
            length += pair.Name.Length + value.Length;
            if (length > KmsLimits.MaxEncryptionContextLength)
            {
                throw new InvalidMemberException(
                    $"EncryptionContext is too large: it takes {KmsLimits.MaxEncryptionContextLength} characters in all");
            }
        }

        return context;
    }

    public IReadOnlyList<string>? GrantTokens()
    {
        if (Find("GrantTokens") is not { } element)
        {
            return null;
        }

        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() > KmsLimits.MaxGrantTokens
            || element.EnumerateArray().Any(token => token.ValueKind != JsonValueKind.String
                || token.GetString()!.Length is 0 or > KmsLimits.MaxGrantTokenLength))
        {
            throw new InvalidMemberException($"GrantTokens is wrong: it takes an array of at most {KmsLimits.MaxGrantTokens} strings "
                + $"of 1 to {KmsLimits.MaxGrantTokenLength} characters");
        }

        return [.. element.EnumerateArray().Select(token => token.GetString()!)];
    }

    public string? KeyId() => Text("KeyId", KmsLimits.MaxKeyIdLength);

    public bool? DryRun() => Boolean("DryRun");
}

/// <summary>A member of a command is missing, of a wrong type or past its bound; the text is for the response.</summary>
internal sealed class InvalidMemberException(string message, string code = ErrorCodes.InvalidParameter) : Exception(message)
{
    public string Code { get; } = code;
}
