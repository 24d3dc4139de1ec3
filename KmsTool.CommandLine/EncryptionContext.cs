using KmsTool.Protocol.Messages;

namespace KmsTool.CommandLine;

/// <summary>Reads the NAME=VALUE pairs of <c>--encryption-context</c>.</summary>
internal static class EncryptionContext
{
    /// <summary>Reads the pairs. A value may be empty and may hold further equals signs; a name may not.</summary>
    /// <param name="pairs">The values of the option.</param>
    /// <param name="asSample">
    /// Whether the AWS sample's rules apply: a name may be empty, and the last pair of a name wins. Otherwise both are errors.
    /// </param>
    /// <exception cref="CommandFailedException">No equals sign, no name, a name given twice, no text, or too much of it.</exception>
    public static Dictionary<string, string> Parse(IEnumerable<string> pairs, bool asSample = false)
    {
        var context = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
            {
                throw Wrong($"--encryption-context '{pair}' has no '='; write NAME=VALUE.");
            }

            if (equals == 0 && !asSample)
            {
                throw Wrong($"--encryption-context '{pair}' has no name before the '='; write NAME=VALUE.");
            }

            if (!CommonOptions.IsText(pair))
            {
                throw Wrong($"--encryption-context '{pair}' is not valid UTF-8.");
            }

            string name = pair[..equals];
            if (context.ContainsKey(name) && !asSample)
            {
                throw Wrong($"--encryption-context gives the name '{name}' twice.");
            }

            context[name] = pair[(equals + 1)..];
        }

        return context.Sum(pair => pair.Key.Length + pair.Value.Length) <= KmsLimits.MaxEncryptionContextLength
            ? context
            : throw Wrong($"--encryption-context takes {KmsLimits.MaxEncryptionContextLength} characters in all.");
    }

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
