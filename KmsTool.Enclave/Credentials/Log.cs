using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Credentials;

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(40, LogLevel.Information, "AWS credentials from {Source}; they expire {Expiration:u}")]
    public static partial void CredentialsRefreshed(ILogger logger, string source, DateTimeOffset? expiration);

    [LoggerMessage(41, LogLevel.Warning, "No new AWS credentials from {Source}, next try in {Seconds} s: {Reason}")]
    public static partial void CredentialsNotRefreshed(ILogger logger, string source, double seconds, string reason);
}
