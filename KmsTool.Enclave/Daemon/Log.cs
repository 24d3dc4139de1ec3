using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Daemon;

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(5, LogLevel.Debug, "Connection {Connection} opened")]
    public static partial void ConnectionOpened(ILogger logger, long connection);

    [LoggerMessage(6, LogLevel.Debug, "Connection {Connection} closed after {Commands} commands: {Reason}")]
    public static partial void ConnectionClosed(ILogger logger, long connection, long commands, string reason);

    [LoggerMessage(7, LogLevel.Warning, "Connection refused: {Limit} are open already (--max-connections)")]
    public static partial void TooManyConnections(ILogger logger, int limit);

    [LoggerMessage(8, LogLevel.Warning, "A connection could not be accepted: {Reason}")]
    public static partial void AcceptFailed(ILogger logger, string reason);

    [LoggerMessage(9, LogLevel.Information, "{Operation} on connection {Connection}: {Outcome}")]
    public static partial void CommandDone(ILogger logger, string operation, long connection, string outcome);

    [LoggerMessage(10, LogLevel.Error, "{Operation} on connection {Connection} met a fault of this program: {Fault}")]
    public static partial void CommandFaulted(ILogger logger, string operation, long connection, string fault);

    [LoggerMessage(11, LogLevel.Information, "Stopping; {Connections} connections have {Seconds} s to finish")]
    public static partial void Stopping(ILogger logger, int connections, double seconds);

    [LoggerMessage(12, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(14, LogLevel.Error, "Connection {Connection} met a fault of this program: {Fault}")]
    public static partial void ConnectionFaulted(ILogger logger, long connection, string fault);
}
