using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace KmsTool.Simulator.Commands;

/// <summary>Prints a command's usage and options, then its details.</summary>
internal sealed class DetailedHelp : SynchronousCommandLineAction
{
    private const int Width = 80;

    private readonly HelpAction _usage = new() { MaxWidth = Width };

    /// <summary>Who asks for help need not give the required options.</summary>
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
