using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Startup;

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(17, LogLevel.Debug, "Kernel's random generator seeded with {Bytes} bytes of the Nitro Secure Module's")]
    public static partial void KernelSeeded(ILogger logger, int bytes);

    [LoggerMessage(18, LogLevel.Warning,
        "Kernel's random generator could not be seeded at once ({Reason}): {Bytes} bytes of the Nitro Secure Module's are mixed in and reach it with its next seed. Run with CAP_SYS_ADMIN")]
    public static partial void KernelNotReseeded(ILogger logger, int bytes, string reason);

    [LoggerMessage(19, LogLevel.Warning, "Kernel's random generator could not be seeded from the Nitro Secure Module: {Reason}")]
    public static partial void KernelNotSeeded(ILogger logger, string reason);

    [LoggerMessage(20, LogLevel.Debug, "OpenSSL's random generator seeded with {Bytes} bytes of the Nitro Secure Module's")]
    public static partial void OpenSslSeeded(ILogger logger, int bytes);

    [LoggerMessage(29, LogLevel.Warning, "OpenSSL's random generator could not be seeded from the Nitro Secure Module: {Reason}")]
    public static partial void OpenSslNotSeeded(ILogger logger, string reason);

    [LoggerMessage(21, LogLevel.Warning, "The Nitro Secure Module gives no random bytes to seed the kernel's and OpenSSL's random generators: {Reason}")]
    public static partial void RandomNotSeeded(ILogger logger, string reason);

    [LoggerMessage(22, LogLevel.Warning, "The kernel's random numbers come from {Source}, not from {Expected}: is this a Nitro enclave?")]
    public static partial void OtherRandomSource(ILogger logger, string source, string expected);

    [LoggerMessage(23, LogLevel.Information, "Network interface lo brought up")]
    public static partial void LoopbackBroughtUp(ILogger logger);

    [LoggerMessage(24, LogLevel.Warning, "Network interface lo is down and could not be brought up: {Reason}")]
    public static partial void LoopbackDown(ILogger logger, string reason);

    [LoggerMessage(25, LogLevel.Warning,
        "DEBUG MODE: PCR0 is all zeros. The parent can read this enclave's console, and its attestation proves nothing: no production key may admit it")]
    public static partial void DebugMode(ILogger logger);

    [LoggerMessage(26, LogLevel.Warning, "The Nitro Secure Module does not tell PCR0, so debug mode cannot be ruled out: {Reason}")]
    public static partial void MeasurementUnknown(ILogger logger, string reason);

    [LoggerMessage(27, LogLevel.Warning, "The clock differs by {Difference} from the Nitro Secure Module's; set it, signatures and certificates depend on it")]
    public static partial void ClockDiffers(ILogger logger, TimeSpan difference);

    [LoggerMessage(28, LogLevel.Warning, "The clock could not be compared with the Nitro Secure Module's: {Reason}")]
    public static partial void ClockNotChecked(ILogger logger, string reason);
}
