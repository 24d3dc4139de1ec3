using System.CommandLine;
using KmsTool.Cli;
using Microsoft.Extensions.Logging;
using Command = System.CommandLine.Command;

namespace KmsTool.Instance.Commands;

/// <summary>The arguments of credentials, which tells where an enclave's credentials would come from.</summary>
internal sealed class CredentialsCommandLine
{
    public const string Name = "credentials";

    private readonly CredentialArguments _credentials = new();
    private readonly Option<string?> _region = new("--region", "-r");
    private readonly Option<string> _output = new("--output") { DefaultValueFactory = _ => "text" };
    private readonly Option<TimeSpan> _timeout = CommonOptions.Seconds("--timeout", byDefault: 10);
    private readonly Option<string> _logLevel = CommonOptions.LogLevel(LogLevel.Warning);

    private CredentialsCommandLine() => _output.AcceptOnlyFromAmong("text", "json");

    public static Command CreateCommand()
    {
        var line = new CredentialsCommandLine();
        var command = new Command(Name);
        line._credentials.AddTo(command);
        command.Add(line._region);
        command.Add(line._output);
        command.Add(line._timeout);
        command.Add(line._logLevel);
        command.SetAction((parseResult, cancellationToken) => CredentialsAction.RunAsync(line.Bind(parseResult), cancellationToken));
        return command;
    }

    private CredentialsRequest Bind(ParseResult parseResult)
    {
        string? region = parseResult.GetValue(_region);
        return new CredentialsRequest
        {
            Credentials = _credentials.Bind(parseResult, region, parseResult.GetValue(_timeout), Environment.GetEnvironmentVariable),
            AsJson = parseResult.GetRequiredValue(_output) == "json",
            LogLevel = CommonOptions.ParseLogLevel(parseResult.GetRequiredValue(_logLevel)),
        };
    }
}
