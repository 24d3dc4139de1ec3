using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(60, LogLevel.Warning, "{File}:{Line}: the section '{Section}' is not for this program and is ignored")]
    public static partial void SectionIgnored(ILogger logger, string file, long line, string section);
}
