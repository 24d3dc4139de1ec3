using System.Text;
using Spectre.Console;

namespace KmsTool.Instance.Batch;

/// <summary>
/// A progress bar on stderr. While it is shown, everything that the program writes to stderr goes above it.
/// </summary>
internal sealed class TerminalProgress
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly TextWriter _plain = Console.Error;
    private readonly IAnsiConsole _console;

    private TerminalProgress() => _console = AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(_plain),
        Interactive = InteractionSupport.Yes,
    });

    /// <summary>
    /// Creates a bar on the terminal that stderr is; <see langword="null"/> if stderr is not a terminal, or if results go to a
    /// terminal meanwhile: on the same one either would overwrite the other.
    /// </summary>
    /// <param name="isOutputWritten">Whether results are written to stdout while the bar is shown.</param>
    public static TerminalProgress? Create(bool isOutputWritten)
    {
        if (Console.IsErrorRedirected || (isOutputWritten && !Console.IsOutputRedirected))
        {
            return null;
        }

        var progress = new TerminalProgress();
        return progress._console.Profile.Capabilities.Ansi ? progress : null;
    }

    /// <param name="describe">The text next to the bar.</param>
    /// <param name="position">How many bytes of the input are done.</param>
    /// <param name="length">Bytes of the input; <see langword="null"/> where that is not known.</param>
    /// <param name="time">Paces the bar.</param>
    /// <param name="run">What to show the progress of.</param>
    public async Task ShowAsync(Func<string> describe, Func<long> position, long? length, TimeProvider time, Func<Task> run)
    {
        ProgressColumn[] columns = length is null
            ? [new SpinnerColumn(), new TaskDescriptionColumn()]
            : [new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()];
        Console.SetError(new AboveProgressWriter(_console));
        try
        {
            await _console.Progress().AutoClear(true).Columns(columns).StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask(describe(), maxValue: Math.Max(length ?? 1, 1));
                bar.IsIndeterminate = length is null;
                Task running = run();
                using var timer = new PeriodicTimer(Interval, time);
                while (!running.IsCompleted)
                {
                    await Task.WhenAny(running, timer.WaitForNextTickAsync().AsTask());
                    bar.Description = describe();
                    bar.Value = length is null ? 0 : position();
                }

                await running;
            });
        }
        finally
        {
            Console.SetError(_plain);
        }
    }
}

/// <summary>Writes whole lines above a progress bar, unbroken.</summary>
internal sealed class AboveProgressWriter(IAnsiConsole console) : TextWriter
{
    // The console returns to where the bar begins, overwrites, and draws the bar anew: a line that takes two rows of the
    // terminal must find them empty (ECMA-48, erase in display).
    private const string EraseToEnd = "\u001b[J";

    private readonly StringBuilder _line = new(EraseToEnd);

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (_line)
        {
            _line.Append(value);
            if (value != '\n')
            {
                return;
            }

            console.Write(new ControlCode(_line.ToString()));
            _line.Length = EraseToEnd.Length;
        }
    }
}
