using KmsTool.Enclave.Daemon;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Hosting;

/// <summary>What <c>serve</c> was told, by its arguments and the environment.</summary>
internal sealed record ServeSettings
{
    public required StreamAddress Listen { get; init; }

    /// <summary>Its region and endpoint are pins: where they are set, no SetClient may choose.</summary>
    public required KmsSettings Kms { get; init; }

    /// <summary>What replies tell of secrets.</summary>
    public SecretDisclosure Disclosure { get; init; }

    public required DaemonLimits Limits { get; init; }

    public required LogLevel LogLevel { get; init; }
}
