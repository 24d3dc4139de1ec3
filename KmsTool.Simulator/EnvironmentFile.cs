using System.Text;

namespace KmsTool.Simulator;

/// <summary>Exports for a POSIX shell.</summary>
internal static class EnvironmentFile
{
    public static string Format(IEnumerable<KeyValuePair<string, string>> variables)
    {
        StringBuilder text = new();
        foreach ((string name, string value) in variables)
            text.Append("export ").Append(name).Append('=').Append(Quote(value)).Append('\n');
        return text.ToString();
    }

    // Within single quotes nothing is special but the single quote itself.
    private static string Quote(string value) => $"'{value.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
