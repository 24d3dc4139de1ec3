namespace KmsTool.Protocol.Messages;

/// <summary>
/// The answer to a <see cref="DescribeCommand"/>. The enclave says it of itself, and nobody has signed it: whoever must be
/// sure of a measurement verifies an attestation document.
/// </summary>
public sealed record DescribeReply : SuccessReply
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

    /// <summary>What peers may take.</summary>
    public required EnclaveLimits Limits { get; init; }

    /// <summary>What has happened since the start.</summary>
    public required EnclaveCounters Counters { get; init; }

    /// <summary>Whether no list or map in it holds a null, which JSON allows and nobody means.</summary>
    internal bool IsWhole =>
        !Pcrs.Values.Contains(null) && !Counters.Operations.Values.Contains(null)
        && Pins.AllowKey?.Contains(null) != true && Pins.RequireEncryptionContext?.Contains(null) != true && Pins.Operations?.Contains(null) != true;
}
