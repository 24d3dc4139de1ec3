namespace KmsTool.Benchmarks.Load;

/// <summary>What to measure, and how much of it.</summary>
internal sealed record LoadOptions
{
    /// <summary>Where the published programs are.</summary>
    public required string ProgramDirectory { get; init; }

    /// <summary>How long each throughput load runs; zero leaves them out.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Connections of the loads that have many.</summary>
    public required int Connections { get; init; }

    /// <summary>Decrypts after which memory is read; zero leaves it out.</summary>
    public required int MemoryDecrypts { get; init; }

    /// <summary>Connections held open idle; zero leaves them out.</summary>
    public required int IdleConnections { get; init; }

    /// <summary>How often the enclave is started to see how long that takes; zero leaves it out.</summary>
    public required int Starts { get; init; }

    /// <summary>Whether the enclave reaches KMS through kmstool-instance vsock-proxy.</summary>
    public required bool ThroughProxy { get; init; }

    /// <summary>Further environment variables of the enclave.</summary>
    public required IReadOnlyDictionary<string, string> EnclaveEnvironment { get; init; }

    /// <summary>Further arguments of the enclave.</summary>
    public required IReadOnlyList<string> EnclaveArguments { get; init; }
}
