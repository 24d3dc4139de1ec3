using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Client;

/// <summary>What the client of an enclave logs. Text that a peer chose is neutralized before it comes here; secrets never come here.</summary>
internal static partial class Log
{
    [LoggerMessage(10, LogLevel.Debug, "connected to enclave {Address}")]
    public static partial void EnclaveConnected(ILogger logger, string address);

    [LoggerMessage(11, LogLevel.Debug, "{Operation} sent")]
    public static partial void CommandSent(ILogger logger, string operation);

    [LoggerMessage(12, LogLevel.Debug, "{Operation} answered with status {Status}")]
    public static partial void ReplyReceived(ILogger logger, string operation, string status);

    [LoggerMessage(13, LogLevel.Debug, "second reply to one Decrypt skipped, as the original enclave sends it")]
    public static partial void DuplicateReplySkipped(ILogger logger);
}
