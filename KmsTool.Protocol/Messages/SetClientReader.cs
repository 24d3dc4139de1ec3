using System.Buffers;
using System.Text.Json;

namespace KmsTool.Protocol.Messages;

/// <summary>Reads a SetClient; its secrets never become strings.</summary>
internal static class SetClientReader
{
    // AWS API Reference, AccessKey: 16 to 128 word characters; test credentials use shorter ones and dashes.
    private const int MaxAccessKeyIdLength = 128;

    private static readonly SearchValues<char> AccessKeyIdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <exception cref="InvalidMemberException">A credential is missing, of a wrong type or malformed.</exception>
    /// <exception cref="InvalidOperationException">A string holds an invalid escape.</exception>
    public static SetClientCommand Read(CommandMembers members)
    {
        JsonElement? accessKeyId = members.Find("AwsAccessKeyId");
        JsonElement? secretAccessKey = members.Find("AwsSecretAccessKey");
        JsonElement? sessionToken = members.Find("AwsSessionToken");
        JsonElement? region = members.Find("AwsRegion");
        if (!IsText(accessKeyId) || !IsText(secretAccessKey) || (sessionToken is not null && !IsText(sessionToken)))
            throw new InvalidMemberException(ErrorTexts.NoCredentials);

        if (region is not null && !IsText(region))
            throw new InvalidMemberException(ErrorTexts.RegionConflict + " AwsRegion is not a string", ErrorCodes.InvalidRegion);

        string id = accessKeyId!.Value.GetString()!;
        if (id.Length is 0 or > MaxAccessKeyIdLength || id.AsSpan().ContainsAnyExcept(AccessKeyIdCharacters))
            throw new InvalidMemberException(ErrorTexts.NoCredentials + ": AwsAccessKeyId is malformed");

        // Reading throws for an invalid escape; a secret that has been read by then is cleared.
        string? regionText = region?.GetString();
        SensitiveBytes secret = SensitiveTextConverter.Read(secretAccessKey!.Value);
        SensitiveBytes? tokenText;
        try
        {
            tokenText = sessionToken is { } token && !token.ValueEquals("") ? SensitiveTextConverter.Read(token) : null;
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
            throw new InvalidMemberException(ErrorTexts.NoCredentials + ": a secret is empty or malformed");
        }

        return command;
    }

    private static bool IsText(JsonElement? element) => element is { ValueKind: JsonValueKind.String };

    // The session token travels in a header of the request to KMS.
    private static bool IsHeaderValue(SensitiveBytes? token) =>
        token is null || !token.Span.ContainsAnyExceptInRange((byte)'!', (byte)'~');
}
