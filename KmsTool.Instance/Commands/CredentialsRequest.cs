using KmsTool.Instance.Credentials;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>A credentials command line, checked.</summary>
internal sealed record CredentialsRequest
{
    public required CredentialOptions Credentials { get; init; }

    public bool AsJson { get; init; }

    public LogLevel LogLevel { get; init; }
}
