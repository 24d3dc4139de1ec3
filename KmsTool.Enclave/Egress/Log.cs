using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Egress;

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(8, LogLevel.Warning, "A connection could not be accepted: {Reason}")]
    public static partial void AcceptFailed(ILogger logger, string reason);

    [LoggerMessage(46, LogLevel.Information, "Egress to {Destination}: {Up} bytes up, {Down} down; {End}")]
    public static partial void EgressEnded(ILogger logger, string destination, long up, long down, string end);

    [LoggerMessage(47, LogLevel.Warning, "Egress to {Destination} refused: {Reason}")]
    public static partial void EgressRefused(ILogger logger, string destination, string reason);

    [LoggerMessage(48, LogLevel.Error, "An egress connection met a fault of this program: {Fault}")]
    public static partial void EgressFaulted(ILogger logger, string fault);
}
