using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Hosting;

/// <summary>What this part of the program logs. Parameters carry no secret and nothing that a peer wrote.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Listening on {Address}, KMS through {Proxy}, region {Region}, endpoint {Endpoint}")]
    public static partial void Listening(ILogger logger, string address, string proxy, string region, string endpoint);

    [LoggerMessage(2, LogLevel.Information, "Nitro Secure Module {Version}, module {ModuleId}")]
    public static partial void NsmFound(ILogger logger, string version, string moduleId);

    [LoggerMessage(15, LogLevel.Warning, "The descriptors of this process are good for {Connections} connections, not for {Limit} (--max-connections)")]
    public static partial void FewDescriptors(ILogger logger, int connections, int limit);

    [LoggerMessage(30, LogLevel.Information, "KMS proxy at {Address} for regions {Regions}; KMS by {Route}")]
    public static partial void ProxyListening(ILogger logger, string address, string regions, string route);

    [LoggerMessage(33, LogLevel.Warning,
        "THE KMS PROXY LISTENS AT {Address}, NOT ON LOOPBACK: plaintexts of KMS leave this enclave unencrypted for whoever knows the local access key or reads the network")]
    public static partial void ProxyExposed(ILogger logger, string address);

    [LoggerMessage(45, LogLevel.Information, "Egress proxy at {Address}; it leads through {Route}")]
    public static partial void EgressListening(ILogger logger, string address, string route);

    [LoggerMessage(49, LogLevel.Warning,
        "Egress allows the instance metadata service: applications can fetch the AWS credentials that the KMS proxy keeps from them. The proxy itself needs no entry for it")]
    public static partial void EgressAllowsMetadata(ILogger logger);
}
