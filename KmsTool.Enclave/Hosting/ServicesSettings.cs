using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Protocol.Sockets;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Hosting;

/// <summary>What <c>run</c> and <c>kms-proxy</c> were told, by arguments, environment and enclaver.yaml.</summary>
internal sealed record ServicesSettings
{
    public required KmsSettings Kms { get; init; }

    /// <summary><see langword="null"/> for none.</summary>
    public KmsProxySettings? KmsProxy { get; init; }

    /// <summary><see langword="null"/> for none.</summary>
    public EgressSettings? Egress { get; init; }

    public required CredentialOrigin Credentials { get; init; }

    /// <summary>Where instance metadata is, for <see cref="CredentialOrigin.Imds"/>.</summary>
    public required Uri InstanceMetadata { get; init; }

    /// <summary>The way there.</summary>
    public required ParentRoutes Parent { get; init; }

    /// <summary>What the daemon's replies tell of secrets.</summary>
    public SecretDisclosure Disclosure { get; init; }

    /// <summary>Where the daemon listens; <see langword="null"/> for none.</summary>
    public StreamAddress? Daemon { get; init; }

    /// <summary>Bounds on what the daemon's peers may take.</summary>
    public DaemonLimits DaemonLimits { get; init; } = new();

    /// <summary>The region of applications; <see langword="null"/> where none is named, and there is no KMS proxy.</summary>
    public required string? Region { get; init; }

    public required LogLevel LogLevel { get; init; }

    /// <summary>What a daemon at <paramref name="address"/> is told.</summary>
    public ServeSettings ForDaemon(StreamAddress address) => new()
    {
        Listen = address,
        Kms = Kms,
        Disclosure = Disclosure,
        Limits = DaemonLimits,
        LogLevel = LogLevel,
    };
}
