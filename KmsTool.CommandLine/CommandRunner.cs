using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using KmsTool.Protocol;

namespace KmsTool.CommandLine;

/// <summary>Parses the arguments, runs the command and turns every failure into one line on stderr and an exit code.</summary>
internal static class CommandRunner
{
    /// <summary>
    /// Runs the program. SIGTERM and Ctrl+C cancel the command's token: a server then ends well, with 0, any other command
    /// with 1. A second signal ends the process at once. A <see cref="SignalHandlingCommand"/> is left alone.
    /// </summary>
    /// <param name="program">The program's name, for hints.</param>
    /// <param name="root">The command tree.</param>
    /// <param name="args">The program's arguments.</param>
    /// <param name="describe">
    /// Gives the exit code and the text of an exception that the program's features throw; <see langword="null"/> for one that is
    /// a defect of the program.
    /// </param>
    public static async Task<int> RunAsync(string program, RootCommand root, string[] args, Func<Exception, CommandFailedException?>? describe = null)
    {
        ParseResult parseResult = Parse(root, args);
        using var stopping = new CancellationTokenSource();
        void stop(PosixSignalContext signal)
        {
            signal.Cancel = !stopping.IsCancellationRequested;
            stopping.Cancel();
        }

        bool cancelled = parseResult.CommandResult.Command is not SignalHandlingCommand;
        using PosixSignalRegistration? sigterm = cancelled ? PosixSignalRegistration.Create(PosixSignal.SIGTERM, stop) : null;
        using PosixSignalRegistration? sigint = cancelled ? PosixSignalRegistration.Create(PosixSignal.SIGINT, stop) : null;
        var invocation = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        try
        {
            if (args.Length == 0 && parseResult.Action is ParseErrorAction)
            {
                return await ShowUsageAsync(program, root);
            }

            RefuseWrongUsage(parseResult);
            return await parseResult.InvokeAsync(invocation, stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Interrupted.");
            return (int)ExitCode.OperationFailed;
        }
        catch (Exception e) when ((e as CommandFailedException ?? describe?.Invoke(e)) is { } failure)
        {
            string hint = failure.ExitCode == ExitCode.WrongUsage ? $" See '{$"{program} {CommandPath.Format(parseResult)}".TrimEnd()} --help'." : "";
            await Console.Error.WriteLineAsync($"{program}: {TerminalText.EndSentence(TerminalText.Neutralize(failure.Message))}{hint}");
            return (int)failure.ExitCode;
        }
#pragma warning disable CA1031 // Left to the runtime it would end in a core dump, which holds every secret of the process.
        catch (Exception e)
#pragma warning restore CA1031
        {
            // Nothing is known of the message, so it stays unprinted; the stack says where the fault is.
            await Console.Error.WriteLineAsync($"A fault of this program, please report it: {e.GetType()} {OneLine(e.StackTrace ?? "")}");
            return (int)ExitCode.OperationFailed;
        }
    }

    /// <summary>Parses without the conveniences that change what an argument means.</summary>
    public static ParseResult Parse(RootCommand root, IReadOnlyList<string> args)
    {
        // An argument that starts with @ or [ is an argument, not a response file or a directive; but for the one that
        // shells ask for completions with.
        if (args is not [{ } first, ..] || !first.StartsWith("[suggest", StringComparison.Ordinal))
        {
            root.Directives.Clear();
        }

        ParseResult parsed = ParseWords(root, SplitEmptyValues(root, args));
        // A program or a command without subcommands has no 'help' among them. Where the word alone would be wrong usage, it asks.
        bool asksForHelp = parsed.Errors.Count > 0 && args.Count > 0 && args[^1] == HelpCommand.Name
            && CommandPath.Format(parsed) == string.Join(' ', args.SkipLast(1));
        return asksForHelp ? ParseWords(root, [.. args.SkipLast(1), "--help"]) : parsed;
    }

    private static ParseResult ParseWords(RootCommand root, IReadOnlyList<string> words) =>
        root.Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>
    /// Gives an option that is written <c>--name=</c> the empty value. System.CommandLine drops the separator where nothing
    /// follows it, so that the option would take the next word.
    /// </summary>
    private static List<string> SplitEmptyValues(RootCommand root, IReadOnlyList<string> args)
    {
        var words = new List<string>(args.Count);
        foreach (string arg in args)
        {
            bool isEmptied = arg is ['-', .., '=' or ':'] && !words.Contains("--") && TakesAValue(root, arg[..^1]);
            words.AddRange(isEmptied ? [arg[..^1], ""] : [arg]);
        }

        return words;
    }

    /// <summary>Whether a command or its subcommands have an option of that name that cannot be without a value.</summary>
    private static bool TakesAValue(Command command, string name) =>
        command.Options.Any(option => option.Arity.MinimumNumberOfValues > 0 && (option.Name == name || option.Aliases.Contains(name)))
        || command.Subcommands.Any(subcommand => TakesAValue(subcommand, name));

    /// <summary>Refuses what the command cannot be run with; says what is the most likely mistake.</summary>
    /// <exception cref="CommandFailedException">There is a mistake.</exception>
    public static void RefuseWrongUsage(ParseResult parseResult)
    {
        bool isWrong = parseResult.Action is ParseErrorAction;
        // Others, such as that of --help, look at no words.
        if (isWrong || parseResult.Action == parseResult.CommandResult.Command.Action)
        {
            UnknownWords.Refuse(parseResult);
        }

        if (isWrong)
        {
            throw new CommandFailedException(ExitCode.WrongUsage, OneLine(parseResult.Errors[0].Message));
        }

        RefuseMisplacedOptions(parseResult);
    }

    /// <summary>
    /// Refuses an option before a command that does not have it: the parser would accept and ignore it.
    /// </summary>
    /// <exception cref="CommandFailedException">There is one.</exception>
    private static void RefuseMisplacedOptions(ParseResult parseResult)
    {
        Command invoked = parseResult.CommandResult.Command;
        for (SymbolResult? above = parseResult.CommandResult.Parent; above is not null; above = above.Parent)
        {
            OptionResult? misplaced = (above as CommandResult)?.Children.OfType<OptionResult>()
                .FirstOrDefault(option => !option.Implicit && !option.Option.Recursive && !invoked.Options.Contains(option.Option));
            if (misplaced is not null)
            {
                throw new CommandFailedException(ExitCode.WrongUsage, $"{misplaced.Option.Name} stands before '{invoked.Name}', where it means nothing; write options after the command");
            }
        }
    }

    /// <summary>Writes the part of the help that says how the program is called, for a call without arguments.</summary>
    private static async Task<int> ShowUsageAsync(string program, RootCommand root)
    {
        using var help = new StringWriter();
        await Parse(root, ["--help"]).InvokeAsync(new InvocationConfiguration { Output = help, Error = help });
        IEnumerable<string> sections = help.ToString().ReplaceLineEndings("\n").Split("\n\n")
            .Where(section => section.StartsWith("Usage:", StringComparison.Ordinal) || section.StartsWith("Commands:", StringComparison.Ordinal));
        await Console.Error.WriteLineAsync($"{string.Join("\n\n", sections).TrimEnd()}\n\nSee '{program} --help'.");
        return (int)ExitCode.WrongUsage;
    }

    private static string OneLine(string message) =>
        string.Join(' ', message.Split(default(char[]), StringSplitOptions.RemoveEmptyEntries));
}

/// <summary>The commands that a command line names, as in <c>credentials push</c>.</summary>
internal static class CommandPath
{
    /// <returns>Empty where none is named.</returns>
    public static string Format(ParseResult parseResult)
    {
        var names = new Stack<string>();
        for (SymbolResult? result = parseResult.CommandResult; result is CommandResult { Command: not RootCommand } command; result = result.Parent)
        {
            names.Push(command.Command.Name);
        }

        return string.Join(' ', names);
    }
}

/// <summary>A command that takes SIGTERM and SIGINT itself; <see cref="CommandRunner"/> never cancels its token.</summary>
internal sealed class SignalHandlingCommand(string name) : Command(name);
