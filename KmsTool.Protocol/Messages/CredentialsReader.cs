using System.Buffers;
using System.Text.Json;

namespace KmsTool.Protocol.Messages;

/// <summary>Reads commands that carry credentials; the secrets never become strings.</summary>
internal static class CredentialsReader
{
    // AWS API Reference, AccessKey: 16 to 128 word characters; test credentials use shorter ones and dashes.
    private const int MaxAccessKeyIdLength = 128;

    private static readonly SearchValues<char> AccessKeyIdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <exception cref="InvalidMemberException">A credential is missing, of a wrong type or malformed.</exception>
    /// <exception cref="InvalidOperationException">A string holds an invalid escape.</exception>
    public static SetClientCommand ReadSetClient(CommandMembers members)
    {
        JsonElement? region = members.Find("AwsRegion");
        // What is wrong with a credential is said before what is wrong with the region, as in the original.
        RequireCredentials(members);
        if (region is not null && !IsText(region))
        {
            throw new InvalidMemberException(ErrorTexts.RegionConflict + " AwsRegion is not a string", ErrorCodes.InvalidRegion);
        }

        // Reading throws for an invalid escape, before any secret has been read.
        string? regionText = region?.GetString() is { Length: > 0 } text ? text : null;
        (string id, SensitiveBytes secret, SensitiveBytes? token) = Read(members);
        return new SetClientCommand { AwsAccessKeyId = id, AwsSecretAccessKey = secret, AwsSessionToken = token, AwsRegion = regionText };
    }

    /// <exception cref="InvalidMemberException">A credential is missing, of a wrong type or malformed.</exception>
    /// <exception cref="InvalidOperationException">A string holds an invalid escape.</exception>
    public static PushCredentialsCommand ReadPushCredentials(CommandMembers members)
    {
        RequireCredentials(members);
        DateTimeOffset? expiration = members.Time("Expiration");
        (string id, SensitiveBytes secret, SensitiveBytes? token) = Read(members);
        return new PushCredentialsCommand { AwsAccessKeyId = id, AwsSecretAccessKey = secret, AwsSessionToken = token, Expiration = expiration };
    }

    private static void RequireCredentials(CommandMembers members)
    {
        JsonElement? sessionToken = members.Find("AwsSessionToken");
        if (!IsText(members.Find("AwsAccessKeyId")) || !IsText(members.Find("AwsSecretAccessKey")) || (sessionToken is not null && !IsText(sessionToken)))
        {
            throw new InvalidMemberException(ErrorTexts.NoCredentials);
        }
    }

    private static (string Id, SensitiveBytes Secret, SensitiveBytes? Token) Read(CommandMembers members)
    {
        string id = members.Find("AwsAccessKeyId")!.Value.GetString()!;
        if (id.Length is 0 or > MaxAccessKeyIdLength || id.AsSpan().ContainsAnyExcept(AccessKeyIdCharacters))
        {
            throw new InvalidMemberException(ErrorTexts.NoCredentials + ": AwsAccessKeyId is malformed");
        }

        // Reading throws for an invalid escape; a secret that has been read by then is cleared.
        SensitiveBytes secret = SensitiveTextConverter.Read(members.Find("AwsSecretAccessKey")!.Value);
        SensitiveBytes? token = null;
        bool isGood = false;
        try
        {
            token = members.Find("AwsSessionToken") is { } text && !text.ValueEquals("") ? SensitiveTextConverter.Read(text) : null;
            isGood = secret.Length > 0 && IsHeaderValue(token);
            return isGood ? (id, secret, token) : throw new InvalidMemberException(ErrorTexts.NoCredentials + ": a secret is empty or malformed");
        }
        finally
        {
            if (!isGood)
            {
                secret.Dispose();
                token?.Dispose();
            }
        }
    }

    private static bool IsText(JsonElement? element) => element is { ValueKind: JsonValueKind.String };

    // The session token travels in a header of the request to KMS.
    private static bool IsHeaderValue(SensitiveBytes? token) =>
        token is null || !token.Span.ContainsAnyExceptInRange((byte)'!', (byte)'~');
}
