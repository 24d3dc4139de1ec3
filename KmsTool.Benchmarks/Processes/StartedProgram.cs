using System.Diagnostics;
using KmsTool.Cli;

namespace KmsTool.Benchmarks.Processes;

/// <summary>A program under measurement, in an environment of its own. Ended, whatever happened, by <see cref="DisposeAsync"/>.</summary>
internal sealed class StartedProgram : IAsyncDisposable
{
    private const string ReadyLine = "ready";

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _logPath;

    private StartedProgram(Process process, string logPath)
    {
        _process = process;
        _logPath = logPath;
    }

    public int Id => _process.Id;

    public ProcessUsage Usage => ProcessUsage.Of(Id);

    /// <summary>Starts <paramref name="path"/>; what it logs to stderr goes to the file <paramref name="logPath"/>.</summary>
    public static StartedProgram Start(
        string path, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, string logPath)
    {
        // The shell opens the log and then becomes the program: nobody has to relay the log while times are measured.
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true };
        foreach (string argument in (string[])["-c", "log=$1; program=$2; shift 2; exec \"$program\" \"$@\" 2>\"$log\"", "sh", logPath, path, .. arguments])
            start.ArgumentList.Add(argument);

        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/bin:/bin";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;

        return new StartedProgram(Process.Start(start)!, logPath);
    }

    /// <summary>Waits for the line that says that the program serves.</summary>
    /// <exception cref="CommandFailedException">It ended, or took too long.</exception>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(StartPatience);
        try
        {
            string? line;
            do
                line = await _process.StandardOutput.ReadLineAsync(deadline.Token);
            while (line is not null && !line.StartsWith(ReadyLine, StringComparison.Ordinal));

            if (line is not null)
                return;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Told below.
        }

        throw new CommandFailedException(ExitCode.OperationFailed,
            $"{_process.StartInfo.ArgumentList[4]} did not become ready: {LastLogLine()}");
    }

    public async ValueTask DisposeAsync()
    {
        // Nothing that it holds outlives its folder, so it need not be asked first.
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private string LastLogLine() => File.Exists(_logPath) ? File.ReadLines(_logPath).LastOrDefault("it said nothing") : "it did not start";
}
