using System.CommandLine;
using KmsTool.CommandLine;
using KmsTool.Instance.Credentials;
using Microsoft.Extensions.Logging;
using Command = System.CommandLine.Command;

namespace KmsTool.Instance.Commands;

/// <summary><c>kmstool-instance credentials push</c>: gives an enclave's KMS proxy the credentials that it signs with.</summary>
internal static class CredentialsPushCommandLine
{
    public const string Name = "push";

    public static Command CreateCommand()
    {
        var enclave = new EnclaveArguments(withCredentials: true);
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

            EnclaveRequest request = enclave.Bind(line);
            using ILoggerFactory loggers = LogOutput.Create(request.LogLevel);
            ILogger logger = loggers.CreateLogger("credentials");
            var source = new CredentialSource(request.Credentials!, TimeProvider.System, logger);
            using var credentials = new FreshCredentials(source, TimeProvider.System, logger);
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
