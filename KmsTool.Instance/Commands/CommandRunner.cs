using System.CommandLine;
using System.CommandLine.Invocation;

namespace KmsTool.Instance.Commands;

/// <summary>Parses the arguments, runs the command and turns every failure into one line on stderr and an exit code.</summary>
internal static class CommandRunner
{
    // How long a command may take to end after SIGTERM or Ctrl+C.
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(RootCommand root, string[] args)
    {
        ParseResult parseResult = Parse(root, args);
        var invocation = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TerminationTimeout,
        };
        try
        {
            if (parseResult.Action is ParseErrorAction)
                throw new InstanceException(ExitCode.WrongUsage, OneLine(parseResult.Errors[0].Message));

            return await parseResult.InvokeAsync(invocation);
        }
        catch (InstanceException e)
        {
            string hint = e.ExitCode == ExitCode.WrongUsage ? " See 'kmstool-instance --help'." : "";
            await Console.Error.WriteLineAsync(TerminalText.Neutralize(e.Message) + hint);
            return (int)e.ExitCode;
        }
    }

    private static string OneLine(string message) =>
        string.Join(' ', message.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));

    internal static ParseResult Parse(RootCommand root, IReadOnlyList<string> args)
    {
        // An argument that starts with @ or [ is an argument, not a response file or a directive.
        root.Directives.Clear();
        return root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    }
}
