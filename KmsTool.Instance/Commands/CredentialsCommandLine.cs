using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Credentials;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>
/// <c>kmstool-instance credentials</c>: finds credentials as every other command does, and prints what is no secret about them.
/// </summary>
internal static class CredentialsCommandLine
{
    public const string Name = "credentials";

    public static Command CreateCommand()
    {
        var credentials = new CredentialArguments();
        var region = new Option<string?>("--region", "-r");
        var output = new Option<string>("--output") { DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        Option<TimeSpan> timeout = CommonOptions.Seconds("--timeout", byDefault: 10);
        var logLevel = new LogLevelOption(LogLevel.Warning);
        var command = new Command(Name) { region, output, timeout };
        logLevel.AddTo(command);
        command.Add(CredentialsPushCommandLine.CreateCommand());
        credentials.AddTo(command);
        command.SetAction(async (line, cancellationToken) =>
        {
            CredentialOptions options = credentials.Bind(line, CommonOptions.ReadRegion(line, region), line.GetValue(timeout), Environment.GetEnvironmentVariable);
            using ILoggerFactory loggers = LogOutput.Create(logLevel.Read(line));
            var source = new CredentialSource(options, TimeProvider.System, loggers.CreateLogger(Name));
            using InstanceCredentials found = await source.ResolveAsync(cancellationToken);
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            string report = line.GetRequiredValue(output) == "json" ? CredentialsReport.Json(found, now) : CredentialsReport.Text(found, now);
            await StandardOutput.WriteAsync(report, cancellationToken);
        });
        return command;
    }
}
