using System.CommandLine;

namespace KmsTool.CommandLine;

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
