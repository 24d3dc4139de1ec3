using KmsTool.CommandLine;

namespace KmsTool.Enclave.Commands;

/// <summary>
/// The environment variables of the image that pin in addition to options: <c>KMSTOOL_ALLOW_KEY</c> for <c>--allow-key</c>, and so
/// on. They can only tighten what the command line says. What cannot be read is an error, never the absence of a pin.
/// </summary>
internal static class PinVariables
{
    public static string NameOf(string option) => "KMSTOOL_" + option.TrimStart('-').Replace('-', '_').ToUpperInvariant();

    /// <summary>Reads a list whose entries are separated by commas.</summary>
    /// <returns>An empty list if the variable is not set.</returns>
    /// <exception cref="CommandFailedException">An entry is empty; so is the only one of an empty variable.</exception>
    public static string[] ReadList(Func<string, string?> environment, string option)
    {
        string[] entries = environment(NameOf(option))?.Split(',') ?? [];
        return entries.Contains("")
            ? throw UsageError($"{NameOf(option)} '{string.Join(',', entries)}' has an empty entry. Separate entries by single commas, or unset the variable.")
            : entries;
    }

    /// <summary>Reads <c>true</c> or <c>false</c>.</summary>
    /// <returns>Whether it is set to true.</returns>
    /// <exception cref="CommandFailedException">It has another value.</exception>
    public static bool ReadSwitch(Func<string, string?> environment, string option) => environment(NameOf(option)) switch
    {
        null => false,
        { } text when bool.TryParse(text, out bool value) => value,
        { } text => throw UsageError($"{NameOf(option)} '{text}' is neither true nor false. Write one of them, or unset the variable."),
    };

    private static CommandFailedException UsageError(string message) => new(ExitCode.WrongUsage, message);
}
