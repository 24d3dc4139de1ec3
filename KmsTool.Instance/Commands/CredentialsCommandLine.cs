using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Credentials;
using Microsoft.Extensions.Logging;

namespace KmsTool.Instance.Commands;

/// <summary>
/// <c>kmstool-instance credentials</c>: finds credentials as every other command does, and prints what is not secret about them.
/// </summary>
internal static class CredentialsCommandLine
{
    public const string Name = "credentials";

    public static Command CreateCommand()
    {
        var credentials = new AwsCredentialOptions();
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
            AwsCredentialSettings options = credentials.Bind(line, CommonOptions.ReadRegion(line, region), line.GetValue(timeout), Environment.GetEnvironmentVariable);
            using ILoggerFactory loggers = LogOutput.Create(logLevel.Read(line));
            var source = new CredentialSource(options, TimeProvider.System, loggers.CreateLogger(Name));
            using InstanceCredentials found = await source.ResolveAsync(cancellationToken);
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            string report = line.GetRequiredValue(output) == "json" ? CredentialsReport.FormatJson(found, now) : CredentialsReport.FormatText(found, now);
            await StandardOutput.WriteAsync(report, cancellationToken);
        });
        return command;
    }
}

/// <summary><c>kmstool-instance credentials push</c>: gives an enclave's KMS proxy the credentials that it signs with.</summary>
internal static class CredentialsPushCommandLine
{
    public const string Name = "push";

    public static Command CreateCommand()
    {
        var enclave = new EnclaveClientOptions(withCredentials: true);
        var watch = new Option<bool>("--watch");
        Option<TimeSpan> interval = CommonOptions.Seconds("--interval", byDefault: 30, atLeast: 1);
        var command = new Command(Name) { watch, interval };
        enclave.AddTo(command);
        command.SetAction(async (line, cancellationToken) =>
        {
            bool watches = line.GetValue(watch);
            if (!watches && line.GetResult(interval) is { Implicit: false })
            {
                throw new CommandFailedException(ExitCode.WrongUsage, "--interval goes with --watch.");
            }

            EnclaveClientSettings request = enclave.Bind(line);
            using ILoggerFactory loggers = LogOutput.Create(request.LogLevel);
            ILogger logger = loggers.CreateLogger("credentials");
            var source = new CredentialSource(request.Credentials!, TimeProvider.System, logger);
            using var credentials = new FreshCredentials(source, TimeProvider.System, logger, Failures.Explain);
            var push = new CredentialsPush(request, credentials, TimeProvider.System, logger);
            if (watches)
            {
                await push.WatchAsync(line.GetValue(interval), new ServiceNotifier(Environment.GetEnvironmentVariable(ServiceNotifier.Variable)), cancellationToken);
            }
            else
            {
                await push.RunAsync(cancellationToken);
            }

            return (int)ExitCode.Success;
        });
        return command;
    }
}
