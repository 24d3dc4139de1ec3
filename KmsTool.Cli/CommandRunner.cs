using System.CommandLine;
using System.CommandLine.Invocation;

namespace KmsTool.Cli;

/// <summary>Parses the arguments, runs the command and turns every failure into one line on stderr and an exit code.</summary>
internal static class CommandRunner
{
    /// <param name="root">The command tree; its name stands in hints.</param>
    /// <param name="args">The program's arguments.</param>
    /// <param name="terminationTimeout">How long a command may take to end after SIGTERM or Ctrl+C.</param>
    public static async Task<int> RunAsync(RootCommand root, string[] args, TimeSpan terminationTimeout)
    {
        ParseResult parseResult = Parse(root, args);
        var invocation = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = terminationTimeout,
        };
        try
        {
            if (parseResult.Action is ParseErrorAction)
                throw new CommandFailedException(ExitCode.WrongUsage, parseResult.Errors[0].Message);

            return await parseResult.InvokeAsync(invocation);
        }
        catch (CommandFailedException e)
        {
            string hint = e.ExitCode == ExitCode.WrongUsage ? $" See '{Path.GetFileNameWithoutExtension(Environment.ProcessPath)} --help'." : "";
            await Console.Error.WriteLineAsync(TerminalText.Neutralize(e.Message) + hint);
            return (int)e.ExitCode;
        }
    }

    /// <summary>Parses without the conveniences that change what an argument means.</summary>
    public static ParseResult Parse(RootCommand root, IReadOnlyList<string> args)
    {
        // An argument that starts with @ or [ is an argument, not a response file or a directive.
        root.Directives.Clear();
        return root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }
}
