using System.CommandLine;
using System.CommandLine.Parsing;

namespace KmsTool.CommandLine;

/// <summary>The commands that a command line names, as in <c>credentials push</c>.</summary>
internal static class CommandPath
{
    /// <returns>Empty where none is named.</returns>
    public static string Of(ParseResult parseResult)
    {
        var names = new Stack<string>();
        for (SymbolResult? result = parseResult.CommandResult; result is CommandResult { Command: not RootCommand } command; result = result.Parent)
        {
            names.Push(command.Command.Name);
        }

        return string.Join(' ', names);
    }
}
