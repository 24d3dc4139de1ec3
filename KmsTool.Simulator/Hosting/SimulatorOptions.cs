using KmsTool.Simulator.Faults;
using KmsTool.Simulator.Iam;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KmsTool.Simulator.Hosting;

/// <summary>How a simulator is started.</summary>
internal sealed record SimulatorOptions
{
    public const string DefaultRegion = "us-east-1";
    public const string DefaultRoleName = "kmstool-instance-role";

    /// <summary>The folder for the PKI, the exports and the NSM socket. Made if it is missing.</summary>
    public required string Directory { get; init; }

    public string Region { get; init; } = DefaultRegion;

    public string AccountId { get; init; } = AwsAccount.ExampleId;

    /// <summary>The TCP port of KMS and STS; 0 for any.</summary>
    public int Port { get; init; }

    /// <summary>The TCP port of the instance metadata service; 0 for any.</summary>
    public int ImdsPort { get; init; }

    /// <summary>PCRs of the enclave by index, 48 bytes each; the others get values of an example image.</summary>
    public IReadOnlyDictionary<int, byte[]> Pcrs { get; init; } = new Dictionary<int, byte[]>();

    /// <summary>Host names and addresses in the HTTPS certificate in addition to those of AWS and of this machine.</summary>
    public IReadOnlyList<string> TlsNames { get; init; } = [];

    /// <summary>Whether the names of AWS and of this machine are in the HTTPS certificate, too.</summary>
    public bool HasDefaultTlsNames { get; init; } = true;

    /// <summary>The instance's role; null if it has none.</summary>
    public string? RoleName { get; init; } = DefaultRoleName;

    /// <summary>How long the credentials of the instance's role live.</summary>
    public TimeSpan CredentialLifetime { get; init; } = TimeSpan.FromHours(6);

    /// <summary>How far AWS's clock is ahead of this machine's.</summary>
    public TimeSpan ClockOffset { get; init; }

    /// <summary>Faults that are on from the start.</summary>
    public IReadOnlyList<SimulatorFault> Faults { get; init; } = [];

    /// <summary>
    /// Whether KMS accepts unsigned attestation documents, too, as QEMU's nitro-enclave machine makes them.
    /// They prove nothing: any program can make one for any PCRs.
    /// </summary>
    public bool AcceptsUnsignedAttestation { get; init; }

    /// <summary>Takes the log.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;
}
