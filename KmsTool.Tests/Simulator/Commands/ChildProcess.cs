using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace KmsTool.Tests.Simulator.Commands;

/// <summary>A child process with an environment of its own, whose output is kept.</summary>
internal sealed partial class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Receive(_output, line.Data);
        process.ErrorDataReceived += (_, line) => Receive(_error, line.Data);
    }

    public string Output => Text(_output);

    public string Error => Text(_error);

    /// <summary>Starts the simulator that was built with these tests.</summary>
    public static ChildProcess StartSimulator(params string[] arguments) =>
        Start(Path.Combine(AppContext.BaseDirectory, "kmstool-simulator"), new Dictionary<string, string>(), arguments);

    public static ChildProcess Start(string program, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        ProcessStartInfo info = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        // Nothing of the machine's settings for AWS or TLS, but what a program needs to run at all.
        foreach (string name in info.Environment.Keys.Where(name => name is not ("PATH" or "HOME" or "DOTNET_ROOT" or "TMPDIR")).ToArray())
            info.Environment.Remove(name);
        foreach ((string name, string value) in environment)
            info.Environment[name] = value;

        ChildProcess child = new(new Process { StartInfo = info });
        child._process.Start();
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Waits for the line <c>ready</c>.</summary>
    public async Task WaitUntilReadyAsync()
    {
        Task exited = _process.WaitForExitAsync();
        await Task.WhenAny(_ready.Task, exited).WaitAsync(Patience);
        Assert.True(_ready.Task.IsCompleted, $"not ready; it said: {Error}");
    }

    public async Task<int> WaitForExitAsync()
    {
        using CancellationTokenSource timeout = new(Patience);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    public void Signal(PosixSignal signal)
    {
        int number = signal == PosixSignal.SIGINT ? 2 : 15;
        Assert.Equal(0, Kill(_process.Id, number));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Receive(StringBuilder text, string? line)
    {
        if (line is null)
            return;
        lock (text)
            text.Append(line).Append('\n');
        if (line == "ready")
            _ready.TrySetResult();
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
