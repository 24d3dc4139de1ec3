using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Supervisor;

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(50, LogLevel.Information, "Application started as process {Process}")]
    public static partial void ApplicationStarted(ILogger logger, int process);

    [LoggerMessage(51, LogLevel.Information, "Application ended with exit status {Status}")]
    public static partial void ApplicationEnded(ILogger logger, int status);

    [LoggerMessage(52, LogLevel.Warning, "Application ended by {Signal}")]
    public static partial void ApplicationEndedBySignal(ILogger logger, Signal signal);

    [LoggerMessage(53, LogLevel.Warning, "Application has not ended within {Seconds} s and is killed")]
    public static partial void ApplicationKilled(ILogger logger, double seconds);

    [LoggerMessage(54, LogLevel.Debug, "{Signal} forwarded to the application")]
    public static partial void SignalForwarded(ILogger logger, Signal signal);

    [LoggerMessage(55, LogLevel.Debug, "{Signal} is the terminal's, which has signalled the application, too")]
    public static partial void SignalLeftToTerminal(ILogger logger, Signal signal);

    [LoggerMessage(56, LogLevel.Warning, "{Signal} could not be forwarded to the application: {Reason}")]
    public static partial void SignalNotForwarded(ILogger logger, Signal signal, string reason);

    [LoggerMessage(57, LogLevel.Debug, "Orphaned process {Process} reaped")]
    public static partial void OrphanReaped(ILogger logger, int process);
}
