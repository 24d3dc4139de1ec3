using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace KmsTool.CommandLine;

/// <summary>What <c>--help</c> prints: written by hand, by command, to fit 80 columns and to teach.</summary>
/// <param name="texts">The text of each command, by its path; the root command's own under the empty one.</param>
/// <param name="asFailure">Whether it goes to stderr and ends with the exit code of wrong usage.</param>
internal sealed class HelpText(IReadOnlyDictionary<string, string> texts, bool asFailure) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    /// <summary>Replaces the generated help of <paramref name="root"/> and its subcommands, and adds <c>help</c> to them.</summary>
    public static void Install(RootCommand root, IReadOnlyDictionary<string, string> texts, bool asFailure = false)
    {
        root.Options.OfType<HelpOption>().Single().Action = new HelpText(texts, asFailure);
        if (root.Subcommands.Count > 0)
        {
            HelpCommand.AddTo(root);
        }
    }

    public override int Invoke(ParseResult parseResult)
    {
        InvocationConfiguration streams = parseResult.InvocationConfiguration;
        (asFailure ? streams.Error : streams.Output).Write(texts.GetValueOrDefault(CommandPath.Format(parseResult), texts[""]));
        return (int)(asFailure ? ExitCode.WrongUsage : ExitCode.Success);
    }
}

/// <summary><c>help [COMMAND]</c>, which prints what <c>COMMAND --help</c> prints.</summary>
internal static class HelpCommand
{
    public const string Name = "help";

    /// <summary>Gives a program the command.</summary>
    public static void AddTo(RootCommand root)
    {
        var words = new Argument<string[]>("COMMAND") { Arity = ArgumentArity.ZeroOrMore, Description = "The command; by default the program." };
        var help = new Command(Name, "Show the help of a command.") { words };
        help.SetAction(parseResult =>
        {
            string[] path = parseResult.GetValue(words) ?? [];
            Command command = root;
            foreach (string word in path)
            {
                command = command.Subcommands.FirstOrDefault(known => known.Name == word) ?? throw UnknownWords.UnknownCommand(command, word);
            }

            return CommandRunner.Parse(root, [.. path, "--help"]).Invoke(parseResult.InvocationConfiguration);
        });
        root.Add(help);
    }
}
