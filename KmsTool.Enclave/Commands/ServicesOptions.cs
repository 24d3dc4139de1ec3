using KmsTool.Enclave.Credentials;
using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Egress;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.KmsProxy;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>What <c>run</c> and <c>kms-proxy</c> were told, by arguments, environment and enclaver.yaml.</summary>
internal sealed record ServicesOptions
{
    public required KmsSettings Kms { get; init; }

    public required KmsPins Pins { get; init; }

    public required RecipientOptions Recipient { get; init; }

    public required StartupOptions Startup { get; init; }

    /// <summary><see langword="null"/> for none.</summary>
    public KmsProxyOptions? KmsProxy { get; init; }

    /// <summary><see langword="null"/> for none.</summary>
    public EgressOptions? Egress { get; init; }

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
    public ServeOptions ForDaemon(StreamAddress address) => new()
    {
        Listen = address,
        Kms = Kms,
        Pins = Pins,
        Disclosure = Disclosure,
        Recipient = Recipient,
        Limits = DaemonLimits,
        Startup = Startup,
        LogLevel = LogLevel,
    };
}
