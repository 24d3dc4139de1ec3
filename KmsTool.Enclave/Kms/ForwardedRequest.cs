using System.Runtime.InteropServices;
using System.Text.Json;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// A request as a client wrote it: all of its members go to KMS, those that nobody here has heard of, too. Valid as long as
/// the document it was read from.
/// </summary>
internal sealed record ForwardedRequest : KmsRequest
{
    private readonly JsonElement _body;

    private ForwardedRequest(KmsOperation operation, JsonElement body)
        : base(operation) => _body = body;

    /// <param name="operation">What is asked for.</param>
    /// <param name="body">A JSON object without duplicate members.</param>
    /// <exception cref="KmsException">A member that pins look at is not of its type, or the recipient is named.</exception>
    public static ForwardedRequest Read(KmsOperation operation, JsonElement body)
    {
        try
        {
            // In any spelling: whoever reads it leniently shall not find one.
            if (body.EnumerateObject().Any(member => member.Name.Equals("Recipient", StringComparison.OrdinalIgnoreCase)))
            {
                throw new KmsException(ErrorCodes.InvalidParameter, "Recipient is not the caller's to name: the enclave adds its own");
            }

            return new ForwardedRequest(operation, body)
            {
                KeyId = Text(body, "KeyId"),
                EncryptionAlgorithm = Text(body, "EncryptionAlgorithm"),
                EncryptionContext = Context(body, "EncryptionContext"),
                OtherKeys = [.. KeyMembers(operation, body).Select(member => (member, Text(body, member)))],
                OtherAlgorithms = [.. AlgorithmMembers(operation).Select(member => Text(body, member))],
                OtherContexts = [.. ContextMembers(operation).Select(member => (member, (IReadOnlyDictionary<string, string>?)Context(body, member)))],
            };
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, which no text has.
            throw new KmsException(ErrorCodes.InvalidParameter, "KeyId, EncryptionAlgorithm or EncryptionContext is not text");
        }
    }

    protected override void WriteMembers(Utf8JsonWriter json)
    {
        WriteText(json, "KeyId", KeyId);
        foreach (JsonProperty member in _body.EnumerateObject())
        {
            if (member.NameEquals("KeyId"u8))
            {
                continue;
            }

            // As it was written: what it means is for KMS to say.
            json.WritePropertyName(member.Name);
            json.WriteRawValue(JsonMarshal.GetRawUtf8Value(member.Value), skipInputValidation: true);
        }
    }

    private static string[] KeyMembers(KmsOperation operation, JsonElement body)
    {
        if (operation == KmsOperation.ReEncrypt)
        {
            return ["SourceKeyId", "DestinationKeyId"];
        }

        // What an alias is to lead to.
        return body.TryGetProperty("TargetKeyId", out _) ? ["TargetKeyId"] : [];
    }

    private static string[] AlgorithmMembers(KmsOperation operation) =>
        operation == KmsOperation.ReEncrypt ? ["SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm"] : [];

    private static string[] ContextMembers(KmsOperation operation) =>
        operation == KmsOperation.ReEncrypt ? ["SourceEncryptionContext", "DestinationEncryptionContext"] : [];

    private static string? Text(JsonElement body, string name)
    {
        if (!body.TryGetProperty(name, out JsonElement member) || member.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        return member.ValueKind == JsonValueKind.String ? member.GetString() : throw NotA("string", name);
    }

    private static Dictionary<string, string>? Context(JsonElement body, string name)
    {
        if (!body.TryGetProperty(name, out JsonElement member) || member.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (member.ValueKind != JsonValueKind.Object)
        {
            throw NotA("map of strings", name);
        }

        var context = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty pair in member.EnumerateObject())
        {
            context[pair.Name] = pair.Value.ValueKind == JsonValueKind.String ? pair.Value.GetString()! : throw NotA("map of strings", name);
        }

        return context;
    }

    private static KmsException NotA(string type, string name) => new(ErrorCodes.InvalidParameter, $"{name} is not a {type}");
}

/// <summary>Reading members of KMS's answers.</summary>
internal static class JsonMembers
{
    /// <summary>The member's text; <see langword="null"/> where it is absent or no string.</summary>
    /// <exception cref="InvalidOperationException">It holds an invalid escape.</exception>
    public static string? Text(this JsonElement json, string name) =>
        json.TryGetProperty(name, out JsonElement member) && member.ValueKind == JsonValueKind.String ? member.GetString() : null;
}
