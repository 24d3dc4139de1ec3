using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>
/// Gives the enclave the AWS credentials that its KMS proxy uses from now on, for all applications. An extension; an enclave
/// takes it only where its measured configuration says so.
/// </summary>
public sealed record PushCredentialsCommand : CredentialsCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "PushCredentials";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;

    /// <summary>When they cease to work, in the form of RFC 3339; absent for those that do not.</summary>
    [JsonPropertyOrder(1)]
    public DateTimeOffset? Expiration { get; init; }

    /// <summary>Reads the command out of a message; the secrets never become strings.</summary>
    /// <exception cref="InvalidMemberException">A credential is missing, of a wrong type or malformed.</exception>
    /// <exception cref="InvalidOperationException">A string holds an invalid escape.</exception>
    internal static PushCredentialsCommand Read(CommandMembers members)
    {
        RequireCredentials(members);
        DateTimeOffset? expiration = members.Time("Expiration");
        (string id, SensitiveBytes secret, SensitiveBytes? token) = ReadCredentials(members);
        return new PushCredentialsCommand { AwsAccessKeyId = id, AwsSecretAccessKey = secret, AwsSessionToken = token, Expiration = expiration };
    }
}
