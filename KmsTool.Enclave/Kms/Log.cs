using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Kms;

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(3, LogLevel.Information, "Recipient key replaced")]
    public static partial void RecipientKeyReplaced(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "The enclave's clock differs from KMS's; signing with an offset of {Offset}")]
    public static partial void ClockCorrected(ILogger logger, TimeSpan offset);

    [LoggerMessage(13, LogLevel.Error, "Recipient key could not be replaced: {Reason}")]
    public static partial void RecipientKeyNotReplaced(ILogger logger, string reason);

    [LoggerMessage(16, LogLevel.Debug, "Recipient key is generated")]
    public static partial void RecipientKeyGenerating(ILogger logger);
}
