using KmsTool.Protocol.Messages;

namespace KmsTool.Cli;

/// <summary>Reads the NAME=VALUE pairs of <c>--encryption-context</c>.</summary>
internal static class EncryptionContext
{
    /// <summary>The value may be empty and may hold further equals signs; the name may do neither.</summary>
    /// <exception cref="CommandFailedException">No equals sign, no name, a name given twice, no text, or too much of it.</exception>
    public static Dictionary<string, string> Parse(IEnumerable<string> pairs)
    {
        var context = new Dictionary<string, string>(StringComparer.Ordinal);
        int length = 0;
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                throw Wrong($"--encryption-context '{pair}' has no '='; write NAME=VALUE.");
            if (equals == 0)
                throw Wrong($"--encryption-context '{pair}' has no name before the '='; write NAME=VALUE.");
            if (!CommonOptions.IsText(pair))
                throw Wrong($"--encryption-context '{pair}' is not valid UTF-8.");
            if (!context.TryAdd(pair[..equals], pair[(equals + 1)..]))
                throw Wrong($"--encryption-context gives the name '{pair[..equals]}' twice.");

            length += pair.Length - 1;
            if (length > KmsLimits.MaxEncryptionContextLength)
                throw Wrong($"--encryption-context takes {KmsLimits.MaxEncryptionContextLength} characters in all.");
        }

        return context;
    }

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
