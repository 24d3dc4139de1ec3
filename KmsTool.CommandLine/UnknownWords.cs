using System.CommandLine;
using System.CommandLine.Parsing;

namespace KmsTool.CommandLine;

/// <summary>Names the options and commands on a command line that the program does not have, with the nearest that it has.</summary>
internal static class UnknownWords
{
    /// <summary>
    /// The length from which letters may be a ciphertext. KMS's shortest ciphertexts have more than 100 bytes; no command, not
    /// even a misspelled one, comes near the 40 characters of 30 bytes in base64.
    /// </summary>
    private const int MinCiphertextLength = 40;

    private const string Encrypt = "encrypt";

    /// <summary>Refuses what is not an option or a command, and is not an argument either.</summary>
    /// <exception cref="CommandFailedException">There is such a word; the message names it.</exception>
    public static void Refuse(ParseResult parseResult)
    {
        string[] words = [.. FreeWords(parseResult)];
        Command command = parseResult.CommandResult.Command;
        // The first word decides: the options of a misspelled command are unknown as well, and so is the value of a misspelled option.
        if (words.Length > 0 && command.Subcommands.Count > 0 && !IsOption(words[0])
            && (command.Arguments.Count == 0 || ReadsLikeACommand(command, words[0])))
        {
            throw UnknownCommand(command, words[0]);
        }

        if ((TakesACommandLine(command) ? words.TakeWhile(IsOption) : words).FirstOrDefault(IsOption) is { } option)
        {
            throw UnknownOption(parseResult.CommandResult, option);
        }
    }

    /// <summary>Makes the failure for a word that is not among the subcommands of <paramref name="command"/>.</summary>
    public static CommandFailedException UnknownCommand(Command command, string word)
    {
        if (Normalize(word) == Encrypt)
        {
            return UsageError(
                "KMS has no attested Encrypt: a recipient is for operations that return a secret. Use 'aws kms encrypt' or an AWS SDK, "
                + "or have KMS generate a data key and encrypt with that.");
        }

        if (command.Subcommands.Count == 0)
        {
            return UsageError($"'{word}' is not a command of '{command.Name}'.");
        }

        string what = command.Arguments.Count > 0 ? "neither a command nor a ciphertext" : "not a command";
        return UsageError($"'{word}' is {what}. " + (Nearest(word, NamesOf(command)) is { } nearest
            ? $"Did you mean '{nearest}'?"
            : $"The commands are {string.Join(", ", NamesOf(command))}."));
    }

    private static CommandFailedException UnknownOption(CommandResult invoked, string word)
    {
        IEnumerable<Option> known = invoked.Command.Options;
        for (SymbolResult? above = invoked.Parent; above is CommandResult command; above = above.Parent)
        {
            known = known.Concat(command.Command.Options.Where(option => option.Recursive));
        }

        string name = word.Split('=', ':')[0];
        IEnumerable<string> names = known.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Prepend(option.Name));
        return UsageError($"'{name}' is not an option." + (Nearest(name, names.Where(candidate => candidate.StartsWith("--", StringComparison.Ordinal))) is { } nearest
            ? $" Did you mean '{nearest}'?"
            : ""));
    }

    /// <summary>The words before <c>--</c> that are neither commands nor options nor the values of options.</summary>
    private static IEnumerable<string> FreeWords(ParseResult parseResult)
    {
        var values = new HashSet<Token>(ReferenceEqualityComparer.Instance);
        for (SymbolResult? result = parseResult.CommandResult; result is CommandResult command; result = result.Parent)
        {
            // An option that takes any number of values swallows a misspelled option that follows: '--allow-key ARN --reigon'.
            foreach (OptionResult option in command.Children.OfType<OptionResult>())
            {
                values.UnionWith(option.Tokens.Where(token => !TakesManyValues(option.Option) || !token.Value.StartsWith('-')));
            }
        }

        return parseResult.Tokens
            .TakeWhile(token => token.Type != TokenType.DoubleDash)
            .Where(token => token.Type == TokenType.Argument && !values.Contains(token))
            .Select(token => token.Value);
    }

    // In 'run sh -c ...' the option belongs to sh; the command says that '--' is missing.
    private static bool TakesACommandLine(Command command) => command.Arguments.Any(argument => argument.Name == "COMMAND");

    private static bool TakesManyValues(Option option) => option.AllowMultipleArgumentsPerToken && option.Arity.MaximumNumberOfValues > 1;

    // A hyphen alone is stdin.
    private static bool IsOption(string word) => word.StartsWith('-') && word.Length > 1;

    // Base64 of a few bytes may consist of letters alone. Only tests have such ciphertexts, and they have capitals.
    private static bool ReadsLikeACommand(Command command, string word) =>
        word.Length is > 1 and < MinCiphertextLength
        && word.All(letter => char.IsAsciiLetter(letter) || letter is '-' or '_')
        && (!word.Any(char.IsAsciiLetterUpper) || Normalize(word) == Encrypt || Nearest(word, NamesOf(command)) is not null);

    private static IEnumerable<string> NamesOf(Command command) =>
        command.Subcommands.Where(known => !known.Hidden).Select(known => known.Name);

    /// <summary>The one that <paramref name="word"/> begins, or that takes the fewest slips of the keyboard.</summary>
    private static string? Nearest(string word, IEnumerable<string> names)
    {
        string typed = Normalize(word);
        int tolerated = Math.Max(1, (typed.Trim('-').Length + 1) / 3);
        return names.FirstOrDefault(name => typed.Trim('-').Length > 2 && name.StartsWith(typed, StringComparison.Ordinal))
            ?? names.Select(name => (Name: name, Distance: Distance(typed, name)))
                .Where(candidate => candidate.Distance <= tolerated)
                .OrderBy(candidate => candidate.Distance)
                .FirstOrDefault().Name;
    }

    private static string Normalize(string word) => word.ToLowerInvariant().Replace('_', '-');

    /// <summary>
    /// Counts the letters to insert, delete, replace or swap with their neighbour (optimal string alignment distance).
    /// </summary>
    private static int Distance(string a, string b)
    {
        int[,] distances = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    distances[i, j] = i + j;
                    continue;
                }

                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                int least = Math.Min(Math.Min(distances[i - 1, j], distances[i, j - 1]) + 1, distances[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    least = Math.Min(least, distances[i - 2, j - 2] + 1);
                }

                distances[i, j] = least;
            }
        }

        return distances[a.Length, b.Length];
    }

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
