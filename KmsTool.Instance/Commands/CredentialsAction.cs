using KmsTool.Cli;
using KmsTool.Instance.Credentials;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>Finds credentials as every other command does, and prints what is no secret about them.</summary>
internal static class CredentialsAction
{
    /// <exception cref="CommandFailedException">There are none.</exception>
    public static async Task RunAsync(CredentialsRequest request, CancellationToken cancellationToken)
    {
        using ILoggerFactory loggers = LogOutput.Create(request.LogLevel);
        var source = new CredentialSource(request.Credentials, TimeProvider.System, loggers.CreateLogger("credentials"));

        using InstanceCredentials credentials = await source.ResolveAsync(cancellationToken);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        string report = request.AsJson ? CredentialsReport.Json(credentials, now) : CredentialsReport.Text(credentials, now);
        await StandardOutput.WriteAsync(report, cancellationToken);
    }
}
