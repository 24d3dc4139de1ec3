using System.Text;

namespace KmsTool.Simulator.Hosting;

/// <summary>The names of the files in a simulator's folder.</summary>
internal sealed class SimulatorFiles(string directory)
{
    public string Directory { get; } = Path.GetFullPath(directory);

    /// <summary>Exports for a shell.</summary>
    public string Environment => Path.Combine(Directory, "env.sh");

    /// <summary>The certificate of the HTTPS server's authority.</summary>
    public string CaBundle => Path.Combine(Directory, "ca.pem");

    /// <summary>The certificate of the attestation documents' root.</summary>
    public string NsmRoot => Path.Combine(Directory, "nsm-root.pem");

    public string NsmSocket => Path.Combine(Directory, "nsm.sock");
}

/// <summary>Prevents two simulators from using one folder.</summary>
internal static class DirectoryLock
{
    /// <summary>Locks the folder until the returned object is disposed of or the process ends.</summary>
    /// <exception cref="IOException">Another simulator uses the folder.</exception>
    public static IDisposable Acquire(string directory)
    {
        try
        {
            return new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            throw new IOException($"another simulator uses {directory}; stop it or choose another folder", e);
        }
    }
}

/// <summary>Formats variables as exports for a POSIX shell.</summary>
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
