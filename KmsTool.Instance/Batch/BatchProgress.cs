using System.Globalization;
using Spectre.Console;

namespace KmsTool.Instance.Batch;

/// <summary>
/// A progress bar on stderr. While it is there, whatever the program writes to stderr goes above it.
/// </summary>
internal static class BatchProgress
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Whether somebody looks at stderr, where the bar would be, and the results go elsewhere: on the same terminal either
    /// would overwrite the other.
    /// </summary>
    public static bool IsWanted =>
        !Console.IsErrorRedirected && Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <param name="tally">How far it is.</param>
    /// <param name="length">Bytes of the input; <see langword="null"/> where that is not known.</param>
    /// <param name="time">Paces the bar.</param>
    /// <param name="run">What to show the progress of. Gets the writer for messages.</param>
    public static async Task ShowAsync(BatchTally tally, long? length, TimeProvider time, Func<Task> run)
    {
        TextWriter plain = Console.Error;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(plain),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
        });
        ProgressColumn[] columns = length is null
            ? [new SpinnerColumn(), new TaskDescriptionColumn()]
            : [new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn()];
        Console.SetError(new AboveProgressWriter(console));
        try
        {
            await console.Progress().AutoClear(true).Columns(columns).StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask(Describe(tally), maxValue: Math.Max(length ?? 1, 1));
                bar.IsIndeterminate = length is null;
                Task running = run();
                using var timer = new PeriodicTimer(Interval, time);
                while (!running.IsCompleted)
                {
                    await Task.WhenAny(running, timer.WaitForNextTickAsync().AsTask());
                    bar.Description = Describe(tally);
                    bar.Value = length is null ? 0 : tally.Bytes;
                }

                await running;
            });
        }
        finally
        {
            Console.SetError(plain);
        }
    }

    private static string Describe(BatchTally tally) =>
        string.Create(CultureInfo.InvariantCulture, $"{tally.Decrypted} decrypted, {tally.Failed} failed");
}
