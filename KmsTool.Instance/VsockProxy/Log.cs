using KmsTool.Instance.VsockProxy.Monitoring;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.VsockProxy;

/// <summary>What the proxy logs of its listeners and connections. Text that a peer chose is neutralized before it comes here.</summary>
internal static partial class Log
{
    [LoggerMessage(20, LogLevel.Information, "listening on {Address}; leads to {Destination}")]
    public static partial void Listening(ILogger logger, string address, string destination);

    [LoggerMessage(21, LogLevel.Information, "stopped listening on {Address}")]
    public static partial void Stopped(ILogger logger, string address);

    [LoggerMessage(22, LogLevel.Error, "accepting on {Address} failed: {Reason}; goes on")]
    public static partial void AcceptFailed(ILogger logger, string address, string reason);

    [LoggerMessage(23, LogLevel.Information, "connection {Connection} of {Peer} to {Destination}: {BytesUp} bytes up, {BytesDown} down in {Seconds:0.000} s; {End}: {Reason}")]
    public static partial void ConnectionEnded(
        ILogger logger, long connection, string peer, string destination, long bytesUp, long bytesDown, double seconds, ConnectionEnd end, string reason);

    [LoggerMessage(24, LogLevel.Warning, "connection {Connection} of {Peer} to {Destination}: refused after {Seconds:0.000} s; {End}: {Reason}")]
    public static partial void ConnectionRefused(
        ILogger logger, long connection, string peer, string destination, double seconds, ConnectionEnd end, string reason);

    [LoggerMessage(25, LogLevel.Error, "connection {Connection} of {Peer}: fault of this program: {Failure}")]
    public static partial void ConnectionFault(ILogger logger, long connection, string peer, string failure);

    [LoggerMessage(26, LogLevel.Information, "ending; waits up to {Seconds} s for {Connections} connections")]
    public static partial void Draining(ILogger logger, long connections, double seconds);

    [LoggerMessage(36, LogLevel.Error, "listening on {Address} again failed: {Reason}; it had made way for an address of the file that was not taken")]
    public static partial void NotReopened(ILogger logger, string address, string reason);
}
