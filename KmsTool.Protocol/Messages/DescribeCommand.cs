using System.Text.Json.Serialization;

namespace KmsTool.Protocol.Messages;

/// <summary>Asks the enclave to describe itself: version, measurements, limits, pins, counters. Needs no SetClient. An extension.</summary>
internal sealed record DescribeCommand : EnclaveCommand
{
    /// <summary>The name on the wire.</summary>
    public const string Name = "Describe";

    /// <inheritdoc/>
    [JsonPropertyOrder(-1)]
    public override string Operation => Name;
}

/// <summary>
/// What an enclave states about itself: the response to Describe. It is not signed: verify an attestation document to be sure of a
/// measurement.
/// </summary>
public sealed record DescribeResponse : EnclaveResponse
{
    /// <summary>Version of kmstool-enclave.</summary>
    public required string Version { get; init; }

    /// <summary>Seconds since the program started.</summary>
    public required long UptimeSeconds { get; init; }

    /// <summary>The enclave, as the Nitro Secure Module names it: instance id, <c>-enc</c>, enclave id.</summary>
    public required string ModuleId { get; init; }

    /// <summary>Whether PCR0 is all zeros: the enclave runs in debug mode, and its attestation proves nothing.</summary>
    public required bool DebugMode { get; init; }

    /// <summary>Value by index of the PCRs that are locked or not zero; lowercase hexadecimal digits.</summary>
    public required IReadOnlyDictionary<string, string> Pcrs { get; init; }

    /// <summary>What the enclave is pinned to.</summary>
    public required EnclavePins Pins { get; init; }

    /// <summary>The limits for peers.</summary>
    public required EnclaveLimits Limits { get; init; }

    /// <summary>What has happened since the start.</summary>
    public required EnclaveCounters Counters { get; init; }

    /// <summary>Whether no list or map in it holds a null, which JSON allows and no enclave sends.</summary>
    internal bool IsWhole =>
        !Pcrs.Values.Contains(null) && !Counters.Operations.Values.Contains(null)
        && Pins.AllowKey?.Contains(null) != true && Pins.RequireEncryptionContext?.Contains(null) != true && Pins.Operations?.Contains(null) != true;
}

/// <summary>The pins: what the measured configuration of an enclave fixes. A pin that is not set is <see langword="null"/>.</summary>
public sealed class EnclavePins
{
    /// <summary>The AWS region.</summary>
    public string? Region { get; init; }

    /// <summary>Host name of KMS, with the port where it is not 443.</summary>
    public string? KmsEndpoint { get; init; }

    /// <summary>Whether the region's own endpoint is the one with FIPS 140 validated TLS.</summary>
    public required bool Fips { get; init; }

    /// <summary>File of the only trust anchors; <see langword="null"/> for those of the image's system.</summary>
    public string? CaBundle { get; init; }

    /// <summary>Whether the enclave does not start in debug mode.</summary>
    public required bool RefuseDebugMode { get; init; }

    /// <summary>Whether the enclave does not start, or ends, where its clock differs from its Nitro Secure Module's.</summary>
    public bool RefuseClockSkew { get; init; }

    /// <summary>Whether the enclave does not start where its random numbers come from elsewhere than its Nitro Secure Module.</summary>
    public bool RefuseOtherRandomSource { get; init; }

    /// <summary>ARNs of the keys that may be used.</summary>
    public IReadOnlyList<string>? AllowKey { get; init; }

    /// <summary>What each encryption context must have: <c>NAME</c> or <c>NAME=VALUE</c>.</summary>
    public IReadOnlyList<string>? RequireEncryptionContext { get; init; }

    /// <summary>The operations that are carried out, in addition to SetClient.</summary>
    public IReadOnlyList<string>? Operations { get; init; }

    /// <summary>What a response holds of a secret: <c>plaintext</c>, <c>sha256</c> or <c>none</c>.</summary>
    public required string Reply { get; init; }
}

/// <summary>Bounds that an enclave sets to its peers.</summary>
public sealed record EnclaveLimits
{
    /// <summary>Longest message in bytes, without its NUL.</summary>
    public required int MaxMessageSize { get; init; }

    /// <summary>Bytes that the messages and responses of all connections may take together; <see langword="null"/> of an enclave that sets no bound.</summary>
    public int? MessageBudget { get; init; }

    /// <summary>Connections at once.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>Commands of one connection at once.</summary>
    public required int MaxPending { get; init; }

    /// <summary>Seconds for a whole message to arrive.</summary>
    public required double IdleTimeoutSeconds { get; init; }

    /// <summary>Seconds for a command.</summary>
    public required double RequestTimeoutSeconds { get; init; }

    /// <summary>Seconds for the peer to receive a response.</summary>
    public required double SendTimeoutSeconds { get; init; }
}

/// <summary>What has happened in an enclave since it started.</summary>
public sealed class EnclaveCounters
{
    /// <summary>Connections that are open now.</summary>
    public required long ConnectionsOpen { get; init; }

    /// <summary>Connections that were accepted, the open ones included.</summary>
    public required long ConnectionsAccepted { get; init; }

    /// <summary>Connections that were closed at once, because too many were open.</summary>
    public required long ConnectionsRefused { get; init; }

    /// <summary>Commands by operation; a command of an unknown operation counts as <c>Invalid</c>.</summary>
    public required IReadOnlyDictionary<string, OperationCounters> Operations { get; init; }
}

/// <summary>How often an operation was asked for.</summary>
/// <param name="Succeeded">How many were carried out.</param>
/// <param name="Failed">How many were refused.</param>
public sealed record OperationCounters(long Succeeded, long Failed);
