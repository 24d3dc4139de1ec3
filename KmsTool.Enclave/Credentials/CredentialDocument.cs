using System.Globalization;
using System.Text.Json;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;

namespace KmsTool.Enclave.Credentials;

/// <summary>
/// Credentials as a JSON object, in the form of <c>aws configure export-credentials</c> or in that of the instance metadata
/// service, which says Token for SessionToken.
/// </summary>
internal static class CredentialDocument
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    /// <param name="json">The object in UTF-8; clearing it stays with the caller.</param>
    /// <exception cref="FormatException">It is not of that form; the message does not quote it.</exception>
    public static TimedCredentials Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Its text quotes the content.
            throw new FormatException("it is not a JSON object");
        }
    }

    /// <summary>Credentials of their parts.</summary>
    /// <param name="accessKeyId">Access key identifier.</param>
    /// <param name="secret">Owned from here on.</param>
    /// <param name="token">Session token; none where it is empty, too.</param>
    /// <exception cref="FormatException">What travels in headers cannot.</exception>
    public static KmsCredentials Make(string accessKeyId, SensitiveBytes secret, string? token)
    {
        if (accessKeyId.All(IsHeaderCharacter) && (token is null || token.All(IsHeaderCharacter)))
        {
            return new KmsCredentials(accessKeyId, secret, string.IsNullOrEmpty(token) ? null : token);
        }

        secret.Dispose();
        throw new FormatException("the access key id or the session token is malformed: it holds more than printable ASCII");
    }

    private static TimedCredentials Read(JsonElement root)
    {
        string? accessKeyId = Find(root, "AccessKeyId")?.GetString();
        JsonElement? secret = Find(root, "SecretAccessKey");
        string? token = (Find(root, "SessionToken") ?? Find(root, "Token"))?.GetString();
        if (string.IsNullOrEmpty(accessKeyId) || secret is not { } text || text.ValueEquals(""))
        {
            throw new FormatException("AccessKeyId or SecretAccessKey is missing");
        }

        // The secret last: nothing that fails after it would clear it.
        DateTimeOffset? expiration = ReadExpiration(root);
        return new TimedCredentials(Make(accessKeyId, SensitiveTextConverter.Read(text), token), expiration);
    }

    private static DateTimeOffset? ReadExpiration(JsonElement root)
    {
        if (Find(root, "Expiration")?.GetString() is not { } text)
        {
            return null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset expiration)
            ? expiration
            : throw new FormatException("Expiration is not a time such as 2026-01-02T03:04:05Z");
    }

    private static JsonElement? Find(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value : null;

    private static bool IsHeaderCharacter(char character) => character is > ' ' and <= '~';
}
