using KmsTool.Enclave.Daemon;
using KmsTool.Enclave.Kms;
using KmsTool.Enclave.Startup;
using KmsTool.Protocol.Vsock;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>What <c>serve</c> was told, by its arguments and the environment.</summary>
internal sealed record ServeOptions
{
    public required StreamAddress Listen { get; init; }

    /// <summary>Its region and endpoint are pins: where they are set, no SetClient may choose.</summary>
    public required KmsSettings Kms { get; init; }

    public KmsPins Pins { get; init; } = KmsPins.None;

    /// <summary>What replies tell of secrets.</summary>
    public SecretDisclosure Disclosure { get; init; }

    public required RecipientOptions Recipient { get; init; }

    public required DaemonLimits Limits { get; init; }

    public StartupOptions Startup { get; init; } = new();

    public required LogLevel LogLevel { get; init; }
}
