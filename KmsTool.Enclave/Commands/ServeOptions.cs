using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>What <c>serve</c> was told, by its arguments and the environment.</summary>
internal sealed record ServeOptions
{
    public required StreamAddress Listen { get; init; }

    public required StreamAddress Proxy { get; init; }

    /// <summary>The device's path, or a stream address.</summary>
    public required string Nsm { get; init; }

    /// <summary>Pinned region; <see langword="null"/> lets the instance choose.</summary>
    public string? Region { get; init; }

    /// <summary>Pinned endpoint; <see langword="null"/> for the region's own.</summary>
    public (string Host, int Port)? KmsEndpoint { get; init; }

    /// <summary>PEM file of trust anchors; <see langword="null"/> for the system's.</summary>
    public string? CaBundle { get; init; }

    public required RecipientOptions Recipient { get; init; }

    public required DaemonLimits Limits { get; init; }

    public required LogLevel LogLevel { get; init; }
}
