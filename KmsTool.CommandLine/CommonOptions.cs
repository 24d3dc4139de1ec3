using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using KmsTool.Protocol.Sockets;

namespace KmsTool.CommandLine;

/// <summary>Options that several commands take, and the forms of their values.</summary>
internal static class CommonOptions
{
    private const double Day = 86400;

    /// <summary>A time in seconds, with fractions, up to a day.</summary>
    public static Option<TimeSpan> Seconds(string name, double byDefault, double atLeast = 0.001) => new(name)
    {
        DefaultValueFactory = _ => TimeSpan.FromSeconds(byDefault),
        CustomParser = result => ParseSeconds(result, atLeast),
    };

    /// <summary>A time in seconds, with fractions, up to a day, without a default.</summary>
    public static Option<TimeSpan?> OptionalSeconds(string name, double atLeast = 0.001) => new(name)
    {
        CustomParser = result => ParseSeconds(result, atLeast),
    };

    /// <summary>A whole number within bounds.</summary>
    public static Option<int> Number(string name, int byDefault, int atLeast, int atMost) => new(name)
    {
        DefaultValueFactory = _ => byDefault,
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= atLeast && number <= atMost)
            {
                return number;
            }

            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} '{text}' is not a number from {atLeast} to {atMost}."));
            return 0;
        },
    };

    /// <summary>
    /// Lets the last occurrence of an option win, as in the AWS sample's programs. By default, an option that takes one value
    /// and is given twice is an error.
    /// </summary>
    public static void LetLastOccurrenceWin(Command command)
    {
        // System.CommandLine counts the values of such an option only without this, and converts the last one either way.
        foreach (Option option in command.Options.Where(option => option.Arity is { MinimumNumberOfValues: 1, MaximumNumberOfValues: 1 }))
        {
            option.AllowMultipleArgumentsPerToken = true;
        }

        foreach (Command subcommand in command.Subcommands)
        {
            LetLastOccurrenceWin(subcommand);
        }
    }

    /// <summary>Gets the region, which counts as unset where it is empty: a shell gives that for a variable that is not set.</summary>
    public static string? ReadRegion(ParseResult parseResult, Option<string?> region) =>
        parseResult.GetValue(region) is { Length: > 0 } text ? text : null;

    /// <summary>An address in the text form of <see cref="StreamAddress"/>.</summary>
    public static Option<StreamAddress?> Address(string name) => new(name)
    {
        CustomParser = result =>
        {
            if (StreamAddress.TryParse(result.Tokens[^1].Value, out StreamAddress? address, out string? error))
            {
                return address;
            }

            result.AddError($"{name}: {error}.");
            return null;
        },
    };

    /// <summary>A vsock port to connect to: decimal, or hexadecimal after 0x.</summary>
    public static uint? ParseVsockPort(ArgumentResult result) => ParseVsockPort(result, result.Tokens[^1].Value, least: 1);

    /// <summary>A vsock port to listen on; 0 lets the kernel choose.</summary>
    public static uint? ParseListeningVsockPort(ArgumentResult result) => ParseListeningVsockPort(result, result.Tokens[^1].Value);

    /// <inheritdoc cref="ParseListeningVsockPort(ArgumentResult)"/>
    public static uint? ParseListeningVsockPort(ArgumentResult result, string text) => ParseVsockPort(result, text, least: 0);

    /// <summary>
    /// Whether an argument came as valid UTF-8. The runtime puts U+FFFD where it did not, which would mean another text.
    /// </summary>
    public static bool IsText(string argument) => !argument.Contains('\uFFFD', StringComparison.Ordinal);

    /// <summary>Decodes base64; white space within it is skipped.</summary>
    public static bool TryDecodeBase64(string text, [NotNullWhen(true)] out byte[]? bytes)
    {
        byte[] decoded = new byte[text.Length];
        bytes = Convert.TryFromBase64String(text, decoded, out int length) ? decoded[..length] : null;
        return bytes is not null;
    }

    private static uint? ParseVsockPort(ArgumentResult result, string text, uint least)
    {
        if (StreamAddress.TryParseNumber(text, out uint port) && port >= least && port != VsockEndPoint.AnyPort)
        {
            return port;
        }

        result.AddError($"'{text}' is not a vsock port; use a number from {least} to 4294967294.");
        return null;
    }

    private static TimeSpan ParseSeconds(ArgumentResult result, double atLeast)
    {
        string text = result.Tokens[^1].Value;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds >= atLeast && seconds <= Day)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        result.AddError(string.Create(CultureInfo.InvariantCulture, $"'{text}' is not a time; use seconds from {atLeast} to {Day}."));
        return default;
    }
}
