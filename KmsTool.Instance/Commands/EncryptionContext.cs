using KmsTool.Cli;

namespace KmsTool.Instance.Commands;

/// <summary>Reads the NAME=VALUE pairs of <c>--encryption-context</c>.</summary>
internal static class EncryptionContext
{
    /// <summary>The value may be empty and may hold further equals signs; the name may do neither.</summary>
    /// <exception cref="CommandFailedException">No equals sign, no name, or a name given twice.</exception>
    public static Dictionary<string, string> Parse(IEnumerable<string> pairs)
    {
        var context = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0)
                throw Wrong($"--encryption-context '{pair}' has no '='; write NAME=VALUE.");
            if (equals == 0)
                throw Wrong($"--encryption-context '{pair}' has no name before the '='; write NAME=VALUE.");
            if (!context.TryAdd(pair[..equals], pair[(equals + 1)..]))
                throw Wrong($"--encryption-context gives the name '{pair[..equals]}' twice.");
        }

        return context;
    }

    private static CommandFailedException Wrong(string message) => new(ExitCode.WrongUsage, message);
}
