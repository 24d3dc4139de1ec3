using System.Security.Cryptography;
using System.Text;
using KmsTool.Protocol;
using KmsTool.Protocol.Messages;
using KmsTool.Signing;

namespace KmsTool.Enclave.Kms;

/// <summary>
/// AWS credentials of one connection, in memory only, cleared by <see cref="Dispose"/>. Used by many requests at once.
/// </summary>
/// <param name="accessKeyId">Access key identifier.</param>
/// <param name="secretAccessKey">Owned from here on.</param>
/// <param name="sessionToken">
/// Session token, or <see langword="null"/>. It must travel in an HTTP header, which takes only a string: unlike the secret
/// key it cannot be cleared.
/// </param>
internal sealed class KmsCredentials(string accessKeyId, SensitiveBytes secretAccessKey, string? sessionToken) : ISigV4Credentials, IDisposable
{
    private readonly Lock _lock = new();
    private SensitiveBytes? _signingKey;
    private CredentialScope? _scope;

    public string AccessKeyId { get; } = accessKeyId;

    public string? SessionToken { get; } = sessionToken;

    /// <summary>Copies the command's secrets; the command's own stay with the caller.</summary>
    public static KmsCredentials CopyOf(CredentialsCommand command) => new(
        command.AwsAccessKeyId,
        SensitiveBytes.CopyOf(command.AwsSecretAccessKey.Span),
        command.AwsSessionToken is { } token ? Encoding.ASCII.GetString(token.Span) : null);

    /// <inheritdoc/>
    /// <remarks>
    /// In buffers of our own: the SDK's signer takes the secret as a string. The key is kept because it changes once a day.
    /// </remarks>
    public void Sign(CredentialScope scope, ReadOnlySpan<byte> text, Span<byte> signature)
    {
        lock (_lock)
        {
            if (_scope != scope)
            {
                _signingKey ??= SensitiveBytes.Allocate(HMACSHA256.HashSizeInBytes);
                SigningKey.Derive(secretAccessKey.Span, scope, _signingKey.WritableSpan);
                _scope = scope;
            }

            HMACSHA256.HashData(_signingKey!.Span, text, signature);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            secretAccessKey.Dispose();
            _signingKey?.Dispose();
        }
    }
}
