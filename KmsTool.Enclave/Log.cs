using KmsTool.Enclave.Supervisor;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave;

/// <summary>Everything that the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {Address}, KMS through {Proxy}, region {Region}, endpoint {Endpoint}")]
    public static partial void Listening(ILogger logger, string address, string proxy, string region, string endpoint);

    [LoggerMessage(2, LogLevel.Information, "Nitro Secure Module {Version}, module {ModuleId}")]
    public static partial void NsmFound(ILogger logger, string version, string moduleId);

    [LoggerMessage(3, LogLevel.Information, "Recipient key replaced")]
    public static partial void RecipientKeyReplaced(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "The enclave's clock differs from KMS's; signing with an offset of {Offset}")]
    public static partial void ClockCorrected(ILogger logger, TimeSpan offset);

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

    [LoggerMessage(13, LogLevel.Error, "Recipient key could not be replaced: {Reason}")]
    public static partial void RecipientKeyNotReplaced(ILogger logger, string reason);

    [LoggerMessage(15, LogLevel.Warning, "The descriptors of this process are good for {Connections} connections, not for {Limit} (--max-connections)")]
    public static partial void FewDescriptors(ILogger logger, int connections, int limit);

    [LoggerMessage(16, LogLevel.Debug, "Recipient key is generated")]
    public static partial void RecipientKeyGenerating(ILogger logger);

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

    [LoggerMessage(30, LogLevel.Information, "KMS proxy at {Address} for regions {Regions}; KMS by {Route}")]
    public static partial void ProxyListening(ILogger logger, string address, string regions, string route);

    [LoggerMessage(31, LogLevel.Information, "{Operation} by the KMS proxy: {Outcome}")]
    public static partial void ProxyAnswered(ILogger logger, string operation, string outcome);

    [LoggerMessage(32, LogLevel.Error, "{Operation} by the KMS proxy met a fault of this program: {Fault}")]
    public static partial void ProxyFaulted(ILogger logger, string operation, string fault);

    [LoggerMessage(33, LogLevel.Warning,
        "THE KMS PROXY LISTENS AT {Address}, NOT ON LOOPBACK: plaintexts of KMS leave this enclave unencrypted for whoever knows the local access key or reads the network")]
    public static partial void ProxyExposed(ILogger logger, string address);

    [LoggerMessage(40, LogLevel.Information, "AWS credentials from {Source}; they expire {Expiration:u}")]
    public static partial void CredentialsRefreshed(ILogger logger, string source, DateTimeOffset? expiration);

    [LoggerMessage(41, LogLevel.Warning, "No new AWS credentials from {Source}, next try in {Seconds} s: {Reason}")]
    public static partial void CredentialsNotRefreshed(ILogger logger, string source, double seconds, string reason);

    [LoggerMessage(45, LogLevel.Information, "Egress proxy at {Address}; it leads through {Route}")]
    public static partial void EgressListening(ILogger logger, string address, string route);

    [LoggerMessage(46, LogLevel.Information, "Egress to {Destination}: {Up} bytes up, {Down} down; {End}")]
    public static partial void EgressEnded(ILogger logger, string destination, long up, long down, string end);

    [LoggerMessage(47, LogLevel.Warning, "Egress to {Destination} refused: {Reason}")]
    public static partial void EgressRefused(ILogger logger, string destination, string reason);

    [LoggerMessage(48, LogLevel.Error, "An egress connection met a fault of this program: {Fault}")]
    public static partial void EgressFaulted(ILogger logger, string fault);

    [LoggerMessage(49, LogLevel.Warning,
        "Egress allows the instance metadata service: applications can fetch the AWS credentials that the KMS proxy keeps from them. The proxy itself needs no entry for it")]
    public static partial void EgressAllowsMetadata(ILogger logger);

    [LoggerMessage(60, LogLevel.Warning, "{File}:{Line}: the section '{Section}' is not for this program and is ignored")]
    public static partial void SectionIgnored(ILogger logger, string file, long line, string section);

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
