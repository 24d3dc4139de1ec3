using Microsoft.Extensions.Logging;

namespace KmsTool.Instance;

/// <summary>Everything the program logs. Text that a peer chose is neutralized before it comes here; secrets never come here.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "reading the ciphertext from {Source}")]
    public static partial void ReadingCiphertext(ILogger logger, string source);

    [LoggerMessage(2, LogLevel.Debug, "credentials come from {Origin}")]
    public static partial void CredentialsFound(ILogger logger, string origin);

    [LoggerMessage(3, LogLevel.Debug, "no credentials: {Failure}")]
    public static partial void NoCredentials(ILogger logger, string failure);

    [LoggerMessage(4, LogLevel.Debug, "credentials asked for anew, as the others expire")]
    public static partial void CredentialsRenewed(ILogger logger);

    [LoggerMessage(5, LogLevel.Warning, "the credentials expire soon and could not be renewed; goes on with them and asks again: {Reason}")]
    public static partial void CredentialsNotRenewed(ILogger logger, string reason);

    [LoggerMessage(6, LogLevel.Debug, "the region {Region} comes from {Origin}")]
    public static partial void RegionFound(ILogger logger, string region, string origin);

    [LoggerMessage(7, LogLevel.Debug, "the instance metadata service tells no region: {Failure}")]
    public static partial void NoRegion(ILogger logger, string failure);

    [LoggerMessage(10, LogLevel.Debug, "connected to enclave {Address}")]
    public static partial void EnclaveConnected(ILogger logger, string address);

    [LoggerMessage(11, LogLevel.Debug, "{Operation} sent")]
    public static partial void CommandSent(ILogger logger, string operation);

    [LoggerMessage(12, LogLevel.Debug, "{Operation} answered with status {Status}")]
    public static partial void ReplyReceived(ILogger logger, string operation, string status);

    [LoggerMessage(13, LogLevel.Debug, "second reply to one Decrypt skipped, as the original enclave sends it")]
    public static partial void DuplicateReplySkipped(ILogger logger);

    [LoggerMessage(20, LogLevel.Information, "listening on {Address}; leads to {Destination}")]
    public static partial void Listening(ILogger logger, string address, string destination);

    [LoggerMessage(21, LogLevel.Information, "stopped listening on {Address}")]
    public static partial void Stopped(ILogger logger, string address);

    [LoggerMessage(22, LogLevel.Error, "accepting on {Address} failed: {Reason}; goes on")]
    public static partial void AcceptFailed(ILogger logger, string address, string reason);

    [LoggerMessage(23, LogLevel.Information, "connection {Connection} of {Peer} to {Destination}: {BytesUp} bytes up, {BytesDown} down in {Seconds:0.000} s; {End}: {Reason}")]
    public static partial void ConnectionEnded(
        ILogger logger, long connection, string peer, string destination, long bytesUp, long bytesDown, double seconds, VsockProxy.ConnectionEnd end, string reason);

    [LoggerMessage(24, LogLevel.Warning, "connection {Connection} of {Peer} to {Destination}: refused after {Seconds:0.000} s; {End}: {Reason}")]
    public static partial void ConnectionRefused(
        ILogger logger, long connection, string peer, string destination, double seconds, VsockProxy.ConnectionEnd end, string reason);

    [LoggerMessage(25, LogLevel.Error, "connection {Connection} of {Peer}: fault of this program: {Failure}")]
    public static partial void ConnectionFault(ILogger logger, long connection, string peer, string failure);

    [LoggerMessage(26, LogLevel.Information, "ending; waits up to {Seconds} s for {Connections} connections")]
    public static partial void Draining(ILogger logger, long connections, double seconds);

    [LoggerMessage(28, LogLevel.Warning, "the limit of open files allows {Connections} connections at once, not the {Wanted} that are wanted")]
    public static partial void FewDescriptors(ILogger logger, int connections, int wanted);

    [LoggerMessage(29, LogLevel.Warning, "{Reason}; goes on with the addresses it had")]
    public static partial void NameNotResolvedAgain(ILogger logger, string reason);

    [LoggerMessage(30, LogLevel.Information, "{Destination} is allowed by {File}")]
    public static partial void DestinationAllowed(ILogger logger, string destination, string file);

    [LoggerMessage(31, LogLevel.Information, "no allowlist: there is no --config and no {File}")]
    public static partial void NoAllowlist(ILogger logger, string file);

    [LoggerMessage(32, LogLevel.Information, "read the file again; listens on {Addresses}")]
    public static partial void Reloaded(ILogger logger, string addresses);

    [LoggerMessage(33, LogLevel.Error, "the file was not taken, the old rules hold: {Reason}")]
    public static partial void NotReloaded(ILogger logger, string reason);

    [LoggerMessage(34, LogLevel.Information, "metrics at {Address}")]
    public static partial void MetricsListening(ILogger logger, string address);

    [LoggerMessage(35, LogLevel.Warning, "a request for metrics failed: {Reason}")]
    public static partial void MetricsFailed(ILogger logger, string reason);

    [LoggerMessage(37, LogLevel.Warning, "{File}:{Line}: the unknown key '{Key}' is ignored")]
    public static partial void KeyIgnored(ILogger logger, string file, long line, string key);

    [LoggerMessage(50, LogLevel.Information, "credentials sent to the enclave at {Address}")]
    public static partial void CredentialsPushed(ILogger logger, string address);

    [LoggerMessage(51, LogLevel.Warning, "credentials not sent, next try within {Seconds} s: {Reason}")]
    public static partial void CredentialsNotPushed(ILogger logger, double seconds, string reason);

    [LoggerMessage(36, LogLevel.Error, "listening on {Address} again failed: {Reason}; it had made way for an address of the file that was not taken")]
    public static partial void NotReopened(ILogger logger, string address, string reason);
}
