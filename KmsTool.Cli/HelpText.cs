using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace KmsTool.Cli;

/// <summary>What <c>--help</c> prints: written by hand, by command, to fit 80 columns and to teach.</summary>
/// <param name="texts">The text of each command, by its name; the root command's own under the empty name.</param>
internal sealed class HelpText(IReadOnlyDictionary<string, string> texts) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    /// <summary>Replaces the generated help of <paramref name="root"/> and its subcommands.</summary>
    public static void Install(RootCommand root, IReadOnlyDictionary<string, string> texts) =>
        root.Options.OfType<HelpOption>().Single().Action = new HelpText(texts);

    public override int Invoke(ParseResult parseResult)
    {
        Command command = parseResult.CommandResult.Command;
        parseResult.InvocationConfiguration.Output.Write(texts[command is RootCommand ? "" : command.Name]);
        return (int)ExitCode.Success;
    }
}
