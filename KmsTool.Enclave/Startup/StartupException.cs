namespace KmsTool.Enclave.Startup;

/// <summary>What is wrong with an enclave that does not start, or ends, because a setting refuses it.</summary>
internal enum StartupFailure
{
    /// <summary>The clock cannot be compared with the Nitro Secure Module's.</summary>
    ClockUnknown,

    /// <summary>The clock differs from the Nitro Secure Module's.</summary>
    ClockDiffers,

    /// <summary>The Nitro Secure Module does not tell PCR0.</summary>
    ImageUnknown,

    /// <summary>The enclave is in debug mode.</summary>
    DebugMode,

    /// <summary>The kernel's random numbers come from elsewhere than the Nitro Secure Module.</summary>
    OtherRandomSource,
}

/// <summary>A setting refuses what was found of the enclave.</summary>
/// <param name="failure">What was found.</param>
/// <param name="message">The same in words.</param>
/// <param name="inner">The cause.</param>
internal sealed class StartupException(StartupFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public StartupFailure Failure { get; } = failure;
}
