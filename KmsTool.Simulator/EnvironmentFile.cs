using System.Text;

namespace KmsTool.Simulator;

/// <summary>Exports for a POSIX shell.</summary>
internal static class EnvironmentFile
{
    public static string Format(IEnumerable<KeyValuePair<string, string>> variables)
    {
        // A token left over from another session would be sent along with the key pair.
        var text = new StringBuilder("unset AWS_SESSION_TOKEN\n");
        foreach ((string name, string value) in variables)
        {
            text.Append("export ").Append(name).Append('=').Append(Quote(value)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Quotes a word: within single quotes nothing is special but the single quote itself.</summary>
    public static string Quote(string value) => $"'{value.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
