namespace KmsTool.Tests.Support;

/// <summary>A directory of one test, removed with all it holds. Its path is short enough for Unix sockets.</summary>
internal sealed class TempDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("kt").FullName;

    /// <summary>The path of a file in the directory.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
