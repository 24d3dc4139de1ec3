using System.Diagnostics;
using KmsTool.CommandLine;

namespace KmsTool.Benchmarks.Processes;

/// <summary>A program under measurement, in an environment of its own. Ended, whatever happened, by <see cref="DisposeAsync"/>.</summary>
internal sealed class StartedProgram : IAsyncDisposable
{
    private const string ReadyLine = "ready";

    // The shell opens the log and then becomes the program: nobody has to relay the log while times are measured. Who may
    // not raise the limit of open files gets the highest that is allowed.
    private const string Script = """
        log=$1; program=$2; descriptors=$3; shift 3
        [ -z "$descriptors" ] || ulimit -n "$descriptors" 2>/dev/null || ulimit -n "$(ulimit -Hn)"
        exec "$program" "$@" 2>"$log"
        """;

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(10);

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
    /// <param name="path">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="environment">Its environment, beside a PATH.</param>
    /// <param name="logPath">Takes its stderr.</param>
    /// <param name="descriptors">How many files it may have open, if allowed; otherwise as many as this program.</param>
    public static StartedProgram Start(
        string path, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, string logPath, int? descriptors = null)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true };
        foreach (string argument in (string[])["-c", Script, "sh", logPath, path, $"{descriptors}", .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/bin:/bin";
        // As in the images; otherwise each program starts itself once more.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

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
            {
                line = await _process.StandardOutput.ReadLineAsync(deadline.Token);
            }
            while (line is not null && !line.StartsWith(ReadyLine, StringComparison.Ordinal));

            if (line is not null)
            {
                return;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Told below.
        }

        throw NotReady();
    }

    /// <summary>Waits for a program that says nothing when it serves.</summary>
    /// <param name="isServing">Tries it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="CommandFailedException">It ended, or took too long.</exception>
    public async Task WaitUntilAsync(Func<bool> isServing, CancellationToken cancellationToken)
    {
        long began = Stopwatch.GetTimestamp();
        while (!isServing())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(began) > StartPatience)
            {
                throw NotReady();
            }

            await Task.Delay(Poll, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // Nothing that it holds outlives its folder, so it need not be asked first.
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private CommandFailedException NotReady() => new(
        ExitCode.OperationFailed, $"{_process.StartInfo.ArgumentList[4]} did not become ready: {LastLogLine()}");

    private string LastLogLine() => File.Exists(_logPath) ? File.ReadLines(_logPath).LastOrDefault("it said nothing") : "it did not start";
}
