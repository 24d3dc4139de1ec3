using System.Collections;
using System.CommandLine;
using System.CommandLine.Parsing;
using KmsTool.Cli;
using KmsTool.Enclave.Supervisor;
using Microsoft.Extensions.Logging;
using Command = System.CommandLine.Command;

namespace KmsTool.Enclave.Commands;

/// <summary>The arguments of <c>run</c>, which runs the enclave's application.</summary>
internal static class RunCommandLine
{
    public const string Name = "run";

    public static Command CreateCommand()
    {
        var application = new Argument<string[]>("COMMAND") { Arity = ArgumentArity.ZeroOrMore };
        Option<string> logLevel = CommonOptions.LogLevel(LogLevel.Information);
        var command = new SignalHandlingCommand(Name) { application, logLevel };
        command.SetAction(async (parseResult, cancellationToken) =>
        {
            using ILoggerFactory loggers = LogOutput.Create(CommonOptions.ParseLogLevel(parseResult.GetRequiredValue(logLevel)));
            var asked = new ApplicationCommand(ReadApplication(parseResult, application), OwnEnvironment());
            using var supervisor = new ApplicationSupervisor(loggers.CreateLogger("kmstool-enclave"));
            return await supervisor.RunAsync(asked, cancellationToken);
        });
        return command;
    }

    /// <exception cref="CommandFailedException">
    /// There is none, or it does not stand after <c>--</c>, without which some of its options would be taken for those of
    /// <c>run</c>.
    /// </exception>
    private static string[] ReadApplication(ParseResult parseResult, Argument<string[]> application)
    {
        if (!OperatingSystem.IsLinux())
            throw Wrong($"'{Name}' works on Linux only");

        string[] arguments = parseResult.GetValue(application) ?? [];
        int afterDashes = parseResult.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1).Count();
        if (arguments.Length == 0 || arguments.Length != afterDashes)
            throw Wrong($"Write the application after --, as in 'kmstool-enclave {Name} -- python3 main.py'");

        return Array.TrueForAll(arguments, CommonOptions.IsText)
            ? arguments
            : throw Wrong("An argument of the application is not valid UTF-8");
    }

    private static Dictionary<string, string> OwnEnvironment() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>().ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? "");

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
