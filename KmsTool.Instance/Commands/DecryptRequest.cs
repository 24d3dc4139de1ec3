using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>A decrypt command line, checked.</summary>
internal sealed record DecryptRequest
{
    public required StreamAddress Enclave { get; init; }

    public required CiphertextSource Ciphertext { get; init; }

    public string? Region { get; init; }

    public required CredentialOptions Credentials { get; init; }

    public IReadOnlyDictionary<string, string>? EncryptionContext { get; init; }

    public string? KeyId { get; init; }

    public string? EncryptionAlgorithm { get; init; }

    public IReadOnlyList<string>? GrantTokens { get; init; }

    public OutputFormat Output { get; init; }

    /// <summary>Bounds connecting, and the wait for each reply.</summary>
    public TimeSpan Timeout { get; init; }

    public LogLevel LogLevel { get; init; }
}
