using System.Net.Sockets;
using System.Security.Cryptography;
using KmsTool.CommandLine;

namespace KmsTool.Simulator.Commands;

/// <summary>Runs the commands that serve until a signal.</summary>
internal static class Server
{
    /// <summary>Runs the server and returns the exit code; a signal ends it with success, also while it starts.</summary>
    /// <exception cref="CommandFailedException">It could not start.</exception>
    public static async Task<int> RunAsync(Func<Task> serve, CancellationToken stopping)
    {
        try
        {
            await serve();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The signal came before the server had started.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException or CryptographicException)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, $"Could not start: {e.Message}", e);
        }

        return (int)ExitCode.Success;
    }

    /// <summary>Completes when the server is to stop.</summary>
    public static async Task StopAsync(CancellationToken stopping) =>
        await Task.Delay(Timeout.Infinite, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
