using System.Diagnostics;
using KmsTool.Tests.Support;

namespace KmsTool.Tests.Protocol;

/// <summary>
/// The openssl program, the independent judge of what this library makes. It has to be installed. Files live in a
/// directory of this object, and nothing of the test's environment reaches the program but PATH.
/// </summary>
internal sealed class OpenSsl : IDisposable
{
    private readonly TempDirectory _directory = new();

    public string Write(string name, byte[] content)
    {
        File.WriteAllBytes(_directory[name], content);
        return name;
    }

    public string Write(string name, string content)
    {
        File.WriteAllText(_directory[name], content);
        return name;
    }

    public byte[] Read(string name) => File.ReadAllBytes(_directory[name]);

    /// <summary>Runs openssl in the directory and expects it to succeed; gives its output.</summary>
    public async Task<string> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("openssl", arguments)
        {
            WorkingDirectory = _directory.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string? path = start.Environment["PATH"];
        start.Environment.Clear();
        start.Environment["PATH"] = path;
        using Process process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            string errors = await process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            Assert.True(process.ExitCode == 0, $"openssl {string.Join(' ', arguments)}: {errors}");
            return await output;
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    public void Dispose() => _directory.Dispose();
}
