using System.Text.Json;

namespace KmsTool.Simulator.Kms;

/// <summary>
/// The members of a request's JSON object, read as KMS reads them: a wrong JSON type is a SerializationException, a
/// value out of bounds a ValidationException, null counts as absent, and unknown members are ignored.
/// </summary>
internal readonly struct KmsParameters
{
    private const int MaxGrantTokens = 10;
    private const int MaxGrantTokenLength = 8192;

    private readonly JsonElement _object;

    public KmsParameters(JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw KmsException.Serialization($"{name} is not a JSON object");
        }

        _object = element;
    }

    public bool Contains(string name) => FindMember(name) is not null;

    public KmsParameters? ReadObject(string name) => FindMember(name) is { } member ? new KmsParameters(member, name) : null;

    public string? ReadString(string name, int minLength, int maxLength)
    {
        if (FindMember(name) is not { } member)
        {
            return null;
        }

        if (member.ValueKind != JsonValueKind.String)
        {
            throw WrongType(name, "a string");
        }

        string value = Decode(member, name);
        CheckLength(name, value.Length, minLength, maxLength);
        return value;
    }

    public string ReadRequiredString(string name, int minLength, int maxLength) =>
        ReadString(name, minLength, maxLength) ?? throw Missing(name);

    public string ReadRequiredKeyId() => ReadRequiredString("KeyId", 1, 2048);

    public bool ReadBoolean(string name) => FindMember(name) switch
    {
        null => false,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw WrongType(name, "a boolean"),
    };

    /// <summary>Reads a string that must be one of <paramref name="values"/>.</summary>
    public string? ReadEnumerated(string name, IReadOnlyList<string> values)
    {
        string? value = ReadString(name, 0, int.MaxValue);
        return value is null || values.Contains(value)
            ? value
            : throw Constraint(name, $"Member must satisfy enum value set: [{string.Join(", ", values)}]");
    }

    public string ReadRequiredEnumerated(string name, IReadOnlyList<string> values) => ReadEnumerated(name, values) ?? throw Missing(name);

    public int? ReadInteger(string name, int min, int max)
    {
        if (FindMember(name) is not { } member)
        {
            return null;
        }

        if (member.ValueKind != JsonValueKind.Number || !member.TryGetInt32(out int value))
        {
            throw WrongType(name, "an integer");
        }

        return value >= min && value <= max
            ? value
            : throw Constraint(name, $"Member must have value between {min} and {max}");
    }

    /// <summary>Reads base64. The bytes may be secret: the caller clears them.</summary>
    public byte[] ReadRequiredBytes(string name, int minLength, int maxLength)
    {
        JsonElement member = FindMember(name) ?? throw Missing(name);
        if (member.ValueKind != JsonValueKind.String || !member.TryGetBytesFromBase64(out byte[]? value))
        {
            throw WrongType(name, "a string in base64");
        }

        CheckLength(name, value.Length, minLength, maxLength);
        return value;
    }

    public EncryptionContext ReadEncryptionContext()
    {
        const string Name = "EncryptionContext";
        if (FindMember(Name) is not { } member)
        {
            return EncryptionContext.Empty;
        }

        if (member.ValueKind != JsonValueKind.Object)
        {
            throw WrongType(Name, "an object");
        }

        var context = new EncryptionContext();
        foreach (JsonProperty pair in member.EnumerateObject())
        {
            if (pair.Value.ValueKind != JsonValueKind.String)
            {
                throw WrongType(Name, "an object of strings");
            }

            context.Add(pair.Name, Decode(pair.Value, Name));
        }

        return context;
    }

    /// <summary>Checks the form of the grant tokens. The simulator has no grants.</summary>
    public void CheckGrantTokens()
    {
        const string Name = "GrantTokens";
        if (FindMember(Name) is not { } member)
        {
            return;
        }

        if (member.ValueKind != JsonValueKind.Array)
        {
            throw WrongType(Name, "an array");
        }

        CheckLength(Name, member.GetArrayLength(), 0, MaxGrantTokens);
        foreach (JsonElement token in member.EnumerateArray())
        {
            if (token.ValueKind != JsonValueKind.String)
            {
                throw WrongType(Name, "an array of strings");
            }

            CheckLength(Name, Decode(token, Name).Length, 1, MaxGrantTokenLength);
        }
    }

    /// <summary>Ends a request that is to be checked only (KMS developer guide, "Testing your AWS KMS API calls").</summary>
    /// <exception cref="KmsException">DryRunOperationException. Call it when everything has been checked and nothing done.</exception>
    public void ThrowIfDryRun()
    {
        if (ReadBoolean("DryRun"))
        {
            throw new KmsException("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
        }
    }

    public static KmsException Missing(string name) => Constraint(name, "Member must not be null");

    private JsonElement? FindMember(string name) =>
        _object.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null ? member : null;

    private static string Decode(JsonElement element, string name)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // A lone surrogate: valid JSON, but not valid Unicode.
            throw KmsException.Serialization($"{name} is not valid Unicode");
        }
    }

    private static void CheckLength(string name, int length, int min, int max)
    {
        if (length < min)
        {
            throw Constraint(name, $"Member must have length greater than or equal to {min}");
        }

        if (length > max)
        {
            throw Constraint(name, $"Member must have length less than or equal to {max}");
        }
    }

    private static KmsException WrongType(string name, string wanted) => KmsException.Serialization($"{name} must be {wanted}");

    private static KmsException Constraint(string name, string constraint)
    {
        string member = char.ToLowerInvariant(name[0]) + name[1..];
        return KmsException.Validation($"1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}");
    }
}
