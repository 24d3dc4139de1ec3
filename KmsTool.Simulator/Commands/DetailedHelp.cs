using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace KmsTool.Simulator.Commands;

/// <summary>Prints a command's usage and options, then its details.</summary>
internal sealed class DetailedHelp : SynchronousCommandLineAction
{
    private const int Width = 80;

    private readonly HelpAction _usage = new() { MaxWidth = Width };

    /// <summary>Help does not need the required options.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = _usage.Invoke(parseResult);
        if (parseResult.CommandResult.Command is DetailedCommand command)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(command.Details);
        }

        return exitCode;
    }
}

/// <summary>A command whose help ends with a longer text, laid out for 80 columns.</summary>
internal sealed class DetailedCommand(string name, string summary, string details) : Command(name, summary)
{
    public string Details { get; } = details;
}
