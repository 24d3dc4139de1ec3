using System.Diagnostics;
using System.Runtime.InteropServices;

namespace KmsTool.Tests.Support;

/// <summary>A program that a test started; killed with the test if it still runs.</summary>
internal sealed partial class RunningProgram : IAsyncDisposable
{
    private const int SigHup = 1;
    private const int SigInt = 2;
    private const int SigTerm = 15;

    private static readonly TimeSpan Patience = Transports.Patience;

    private readonly Process _process;
    private readonly TempDirectory _home;
    private readonly OutputCapture _output;
    private readonly OutputCapture _error;

    public RunningProgram(Process process, TempDirectory home)
    {
        _process = process;
        _home = home;
        _output = new OutputCapture(process.StandardOutput.BaseStream);
        _error = new OutputCapture(process.StandardError.BaseStream);
    }

    public int Id => _process.Id;

    /// <summary>The program's stdin, until <see cref="CloseInput"/>.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>What it has written to stderr so far.</summary>
    public string Error => _error.Text;

    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>Waits for a line on stdout that contains <paramref name="part"/> and returns it.</summary>
    public Task<string> WaitForOutputAsync(string part) => _output.WaitForLineAsync(part, Patience);

    /// <summary>Waits for a line on stderr that contains <paramref name="part"/> and returns it.</summary>
    public Task<string> WaitForErrorAsync(string part) => _error.WaitForLineAsync(part, Patience);

    /// <summary>Asks the program to end (SIGTERM).</summary>
    public void Terminate() => Send(SigTerm);

    /// <summary>Asks the program to read its configuration again (SIGHUP).</summary>
    public void HangUp() => Send(SigHup);

    /// <summary>Interrupts the program, as Ctrl+C does (SIGINT).</summary>
    public void Interrupt() => Send(SigInt);

    /// <summary>Sends it any signal, by its number.</summary>
    public void Send(int signal) => Assert.Equal(0, Kill(_process.Id, signal));

    /// <summary>Waits until it has ended and all of its output has been read.</summary>
    public async Task<ProgramResult> WaitForExitAsync()
    {
        using var timer = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(timer.Token);
        await Task.WhenAll(_output.Completion, _error.Completion).WaitAsync(timer.Token);
        // On a busy machine a command may say what it waits for, which is not what it is run for here.
        string error = string.Join('\n', _error.Text.Split('\n').Where(line => !line.Contains("still waiting for", StringComparison.Ordinal)));
        return new ProgramResult(_process.ExitCode, _output.Bytes, error);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _home.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);
}
