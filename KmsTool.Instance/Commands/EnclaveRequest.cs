using KmsTool.Instance.Credentials;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Which enclave a command talks to and on whose behalf, checked.</summary>
internal sealed record EnclaveRequest
{
    public required StreamAddress Address { get; init; }

    /// <summary>Options of the sockets that connect there.</summary>
    public StreamSocketOptions Sockets { get; init; } = StreamSocketOptions.Default;

    /// <summary>The region that the user names: an enclave with a region of its own refuses it.</summary>
    public string? Region { get; init; }

    /// <summary>Whether a region is looked for where the user names none.</summary>
    public bool FindsRegion { get; init; } = true;

    /// <summary><see langword="null"/> for commands that need none.</summary>
    public CredentialOptions? Credentials { get; init; }

    /// <summary>Bounds connecting, and the wait for each reply.</summary>
    public TimeSpan Timeout { get; init; }

    public LogLevel LogLevel { get; init; }
}
