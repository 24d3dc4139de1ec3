using Microsoft.Extensions.Logging;

namespace KmsTool.Simulator;

/// <summary>Everything that the program logs. What a caller wrote is neutralized before it comes here; secrets never come here.</summary>
internal static partial class Log
{
    [LoggerMessage(
        1,
        LogLevel.Warning,
        "INSECURE: {Option} is set. This stand-in for KMS accepts attestation documents that prove nothing and that anybody can make, for any PCRs; key policies no longer keep anybody out. For tests only")]
    public static partial void UnsignedAttestationAccepted(ILogger logger, string option);

    [LoggerMessage(2, LogLevel.Warning, "INSECURE: accepted an unsigned attestation document of module {ModuleId}, PCR0 {Image}")]
    public static partial void UnsignedDocumentAccepted(ILogger logger, string moduleId, string image);

    [LoggerMessage(3, LogLevel.Debug, "{Service} answered {Request} with HTTP status {Status}")]
    public static partial void RequestAnswered(ILogger logger, string service, string request, int status);
}
