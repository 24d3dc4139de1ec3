using KmsTool.CommandLine;
using KmsTool.Enclave.Hosting;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>Runs the daemon until SIGTERM.</summary>
internal static class ServeAction
{
    /// <exception cref="CommandFailedException">It could not start.</exception>
    public static async Task RunAsync(ServeSettings options, CancellationToken stopping)
    {
        using ILoggerFactory loggers = LogOutput.Create(options.LogLevel);
        ILogger logger = loggers.CreateLogger("kmstool-enclave");
        await using AttestedKms kms = await AttestedKms.OpenAsync(options.Kms, TimeProvider.System, logger, stopping);
        await using var server = EnclaveServer.Start(kms, options, null, TimeProvider.System, logger);
        await Console.Out.WriteLineAsync($"ready {server.LocalAddress}");
        await server.RunAsync(stopping);
    }
}
