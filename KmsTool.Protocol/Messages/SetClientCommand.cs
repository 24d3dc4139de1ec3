using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>A command that carries AWS credentials.</summary>
public abstract record CredentialsCommand : EnclaveCommand, IDisposable
{
    // AWS API Reference, AccessKey: 16 to 128 word characters; test credentials use shorter ones and dashes.
    private const int MaxAccessKeyIdLength = 128;

    private static readonly SearchValues<char> AccessKeyIdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private protected CredentialsCommand()
    {
    }

    /// <summary>Access key identifier, 16 to 128 characters at AWS.</summary>
    public required string AwsAccessKeyId { get; init; }

    /// <summary>Secret access key, UTF-8.</summary>
    [JsonConverter(typeof(SensitiveTextConverter))]
    public required SensitiveBytes AwsSecretAccessKey { get; init; }

    /// <summary>Session token of temporary credentials, UTF-8.</summary>
    [JsonConverter(typeof(SensitiveTextConverter))]
    public SensitiveBytes? AwsSessionToken { get; init; }

    /// <summary>Never prints what it holds.</summary>
    public sealed override string ToString() => Operation ?? "";

    /// <summary>Clears the secrets.</summary>
    public void Dispose()
    {
        AwsSecretAccessKey.Dispose();
        AwsSessionToken?.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected static void RequireCredentials(CommandMembers members)
    {
        JsonElement? sessionToken = members.Find("AwsSessionToken");
        if (!IsText(members.Find("AwsAccessKeyId")) || !IsText(members.Find("AwsSecretAccessKey")) || (sessionToken is not null && !IsText(sessionToken)))
        {
            throw new InvalidMemberException(ErrorTexts.NoCredentials);
        }
    }

    private protected static (string Id, SensitiveBytes Secret, SensitiveBytes? Token) ReadCredentials(CommandMembers members)
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

    private protected static bool IsText(JsonElement? element) => element is { ValueKind: JsonValueKind.String };

    // The session token travels in a header of the request to KMS.
    private static bool IsHeaderValue(SensitiveBytes? token) =>
        token is null || !token.Span.ContainsAnyExceptInRange((byte)'!', (byte)'~');
}

/// <summary>
/// Gives the connection the AWS credentials (and where the enclave has none, the region) that its later commands use.
/// </summary>
public sealed record SetClientCommand : CredentialsCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "SetClient";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>AWS region code, only where the enclave was started without one.</summary>
    [JsonPropertyOrder(1)]
    public string? AwsRegion { get; init; }

    /// <summary>Reads the command out of a message; the secrets never become strings.</summary>
    /// <exception cref="InvalidMemberException">A credential is missing, of a wrong type or malformed.</exception>
    /// <exception cref="InvalidOperationException">A string holds an invalid escape.</exception>
    internal static SetClientCommand Read(CommandMembers members)
    {
        JsonElement? region = members.Find("AwsRegion");
        // What is wrong with a credential is said before what is wrong with the region, as in the AWS sample.
        RequireCredentials(members);
        if (region is not null && !IsText(region))
        {
            throw new InvalidMemberException(ErrorTexts.RegionConflict + " AwsRegion is not a string", ErrorCodes.InvalidRegion);
        }

        // Reading throws for an invalid escape, before any secret has been read.
        string? regionText = region?.GetString() is { Length: > 0 } text ? text : null;
        (string id, SensitiveBytes secret, SensitiveBytes? token) = ReadCredentials(members);
        return new SetClientCommand { AwsAccessKeyId = id, AwsSecretAccessKey = secret, AwsSessionToken = token, AwsRegion = regionText };
    }
}
