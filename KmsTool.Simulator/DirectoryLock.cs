namespace KmsTool.Simulator;

/// <summary>Keeps a second simulator out of a folder.</summary>
internal static class DirectoryLock
{
    /// <summary>Holds the folder until what is returned is disposed, or the process ends.</summary>
    /// <exception cref="IOException">Another simulator holds it.</exception>
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
