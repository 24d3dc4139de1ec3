using System.CommandLine;
using System.CommandLine.Parsing;
using KmsTool.CommandLine;
using KmsTool.Enclave.Hosting;
using KmsTool.Enclave.Supervisor;
using Microsoft.Extensions.Logging;

namespace KmsTool.Enclave.Commands;

/// <summary>The command <c>run</c>: the enclave's application, with all that its AWS SDK needs to use attested KMS.</summary>
internal static class RunCommandLine
{
    public const string Name = "run";

    public static Command CreateCommand()
    {
        var services = new ServicesOptions("--kms-proxy-port");
        var userOption = new Option<string?>("--user");
        var application = new Argument<string[]>("COMMAND") { Arity = ArgumentArity.ZeroOrMore };
        var command = new SignalHandlingCommand(Name) { application, userOption };
        services.AddTo(command);
        command.SetAction(async (parseResult, _) =>
        {
            string[] arguments = ReadApplication(parseResult, application);
            ApplicationUser? user = parseResult.GetValue(userOption) is { } named ? ReadUser(named) : null;
            using ILoggerFactory loggers = LogOutput.Create(services.ReadLogLevel(parseResult));
            ILogger logger = loggers.CreateLogger("kmstool-enclave");
            ServicesSettings options = services.Bind(parseResult, Environment.GetEnvironmentVariable, logger);
            // From here on signals are the application's, those that come before it, too.
            using var supervisor = new ApplicationSupervisor(logger);
            return await RunAsync(arguments, user, options, supervisor, logger);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        string[] arguments, ApplicationUser? user, ServicesSettings options, ApplicationSupervisor supervisor, ILogger logger)
    {
        try
        {
            await using EnclaveServices services = await EnclaveServices.StartAsync(
                options, CredentialOptions.ForServices, TimeProvider.System, logger, supervisor.Terminating);
            using var ended = new CancellationTokenSource();
            using var failed = new CancellationTokenSource();
            // Ends before its time only by a fault, without which the application could go on unserved.
            Task serving = services.RunAsync(ended.Token);
            Task watching = serving.ContinueWith(_ => failed.Cancel(), ended.Token, TaskContinuationOptions.None, TaskScheduler.Default);
            var command = new ApplicationCommand(
                arguments, ApplicationEnvironment.Of(Environment.GetEnvironmentVariables(), services, options.Region, user?.Home), user);
            int status = await supervisor.RunAsync(command, failed.Token);
            await ended.CancelAsync();
            await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await serving;
            return status;
        }
        catch (OperationCanceledException) when (supervisor.Terminating.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitCode.OperationFailed, "Ended by a signal before the application was started.");
        }
    }

    /// <exception cref="CommandFailedException">
    /// There is none, or it does not stand after <c>--</c>, without which some of its options would be taken for those of
    /// <c>run</c>.
    /// </exception>
    private static string[] ReadApplication(ParseResult parseResult, Argument<string[]> application)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw UsageError($"'{Name}' works on Linux only");
        }

        string[] arguments = parseResult.GetValue(application) ?? [];
        int afterDashes = parseResult.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1).Count();
        if (arguments.Length == 0 || arguments.Length != afterDashes)
        {
            throw UsageError($"Write the application after --, as in 'kmstool-enclave {Name} -- python3 main.py'");
        }

        return Array.TrueForAll(arguments, CommonOptions.IsText)
            ? arguments
            : throw UsageError("An argument of the application is not valid UTF-8");
    }

    private static ApplicationUser ReadUser(string text)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw UsageError("--user needs root, which this process is not. Omit it: the application runs as the user of this process");
        }

        try
        {
            return ApplicationUser.Find(text);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw UsageError($"--user: {e.Message}");
        }
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
