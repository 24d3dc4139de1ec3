using System.CommandLine;
using Microsoft.Extensions.Logging;

namespace KmsTool.CommandLine;

/// <summary><c>--log-level</c>, and <c>--debug</c>, which AWS users type for the level <c>debug</c>.</summary>
internal sealed class LogLevelOption
{
    private static readonly string[] Levels = ["trace", "debug", "information", "warning", "error", "none"];

    private readonly Option<string> _level;
    private readonly Option<bool> _debug = new("--debug") { Description = "The same as --log-level debug." };

    public LogLevelOption(LogLevel byDefault)
    {
        _level = new Option<string>("--log-level")
        {
            HelpName = "LEVEL",
            DefaultValueFactory = _ => byDefault.ToString().ToLowerInvariant(),
            Description = $"The least severe events to write to stderr: {string.Join(", ", Levels)}.",
        };
        _level.AcceptOnlyFromAmong(Levels);
    }

    public void AddTo(Command command)
    {
        command.Add(_level);
        command.Add(_debug);
    }

    /// <exception cref="CommandFailedException">Both options are given.</exception>
    public LogLevel Read(ParseResult parseResult)
    {
        if (!parseResult.GetValue(_debug))
        {
            return Enum.Parse<LogLevel>(parseResult.GetRequiredValue(_level), ignoreCase: true);
        }

        return parseResult.GetResult(_level) is { Implicit: false }
            ? throw new CommandFailedException(ExitCode.WrongUsage, "--debug is --log-level debug; give one of them.")
            : LogLevel.Debug;
    }
}
