namespace KmsTool.Enclave.Startup;

/// <summary>What is checked and prepared before an enclave serves, and where the kernel shows it.</summary>
internal sealed record StartupSettings
{
    /// <summary>Whether an enclave in debug mode does not start at all.</summary>
    public bool RefuseDebugMode { get; init; }

    /// <summary>Whether an enclave whose clock is wrong does not start, and ends where it becomes wrong.</summary>
    public bool RefuseClockSkew { get; init; }

    /// <summary>Whether an enclave whose random numbers come from elsewhere than the Nitro Secure Module does not start.</summary>
    public bool RefuseOtherRandomSource { get; init; }

    /// <summary>Whether the network interface lo, which is down in a fresh enclave, is needed.</summary>
    public bool BringsUpLoopback { get; init; } = true;

    /// <summary>Names the source that feeds the kernel's random numbers (Linux, drivers/char/hw_random).</summary>
    public string RandomSourcePath { get; init; } = "/sys/devices/virtual/misc/hw_random/rng_current";

    /// <summary>Takes what seeds the kernel's random generator (random(4)).</summary>
    public string RandomPath { get; init; } = "/dev/random";

    /// <summary>OpenSSL's library; <see langword="null"/> for the one that .NET uses.</summary>
    public string? CryptoLibrary { get; init; }
}
