using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.KmsProxy;

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(31, LogLevel.Information, "{Operation} by the KMS proxy: {Outcome}")]
    public static partial void ProxyAnswered(ILogger logger, string operation, string outcome);

    [LoggerMessage(32, LogLevel.Error, "{Operation} by the KMS proxy met a fault of this program: {Fault}")]
    public static partial void ProxyFaulted(ILogger logger, string operation, string fault);
}
