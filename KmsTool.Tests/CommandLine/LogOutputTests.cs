using System.Text;
using KmsTool.CommandLine;
using KmsTool.Tests.Simulator;
using Microsoft.Extensions.Logging;

namespace KmsTool.Tests.CommandLine;

public class LogOutputTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    [Fact]
    public void Log_an_event_is_a_line()
    {
        var text = new StringWriter();
        using (var output = new LogOutput(text, new FixedClock(Now)))
        {
            Write(output, LogLevel.Warning, "first\r\nsecond");
            Write(output, LogLevel.Error, "äß");
        }

        Assert.Equal("2026-01-02T03:04:05.678Z warn: tests[7] first second\n2026-01-02T03:04:05.678Z fail: tests[7] äß\n", text.ToString());
    }

    [Fact]
    public void Log_everything_is_written_in_order_before_Dispose_ends()
    {
        var text = new StringWriter();
        using (var output = new LogOutput(text, new FixedClock(Now)))
        {
            for (int i = 0; i < 1000; i++)
            {
                Write(output, LogLevel.Information, $"event {i}");
            }
        }

        Assert.Equal(
            Enumerable.Range(0, 1000).Select(i => $"event {i}"),
            text.ToString().TrimEnd('\n').Split('\n').Select(line => line[line.IndexOf("event", StringComparison.Ordinal)..]));
    }

    [Fact]
    public void Log_is_written_before_Dispose_of_its_factory_ends()
    {
        var text = new StringWriter();
        using (ILoggerFactory loggers = LogOutput.Create(LogLevel.Debug, text))
        {
            // The second and the third wait for the pause after the first.
            for (int i = 0; i < 3; i++)
            {
                loggers.CreateLogger("tests").Log(LogLevel.Debug, new EventId(7), i, null, static (state, _) => $"event {state}");
            }

            loggers.CreateLogger("tests").Log(LogLevel.Trace, new EventId(7), 3, null, static (state, _) => $"event {state}");
        }

        Assert.Equal(["event 0", "event 1", "event 2"], text.ToString().TrimEnd('\n').Split('\n').Select(line => line[^"event 0".Length..]));
    }

    [Fact]
    public async Task Log_what_nobody_reads_is_dropped_and_counted()
    {
        using var stuck = new StuckWriter();
        using (var output = new LogOutput(stuck, new FixedClock(Now)))
        {
            Write(output, LogLevel.Information, "first");
            await stuck.Entered;
            // The writer holds the first; no more than half a million characters wait for it.
            for (int i = 0; i < 20; i++)
            {
                Write(output, LogLevel.Information, new string('x', 64 * 1024));
            }

            stuck.Release();
        }

        string text = stuck.Written;
        Assert.Contains("events were not logged, as nobody read the log\n", text, StringComparison.Ordinal);
        Assert.InRange(text.Length, 512 * 1024, 640 * 1024);
    }

    private static void Write(LogOutput output, LogLevel level, string message) =>
        output.CreateLogger("tests").Log(level, new EventId(7), message, null, static (state, _) => state);

    /// <summary>Takes nothing until it is released.</summary>
    private sealed class StuckWriter : TextWriter
    {
        private readonly TaskCompletionSource _entered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _released = new();
        private readonly StringBuilder _text = new();

        public override Encoding Encoding => Encoding.UTF8;

        public Task Entered => _entered.Task;

        public string Written => _text.ToString();

        public void Release() => _released.Set();

        public override void Write(ReadOnlySpan<char> buffer)
        {
            _entered.TrySetResult();
            _released.Wait();
            _text.Append(buffer);
        }

        protected override void Dispose(bool disposing)
        {
            _released.Dispose();
            base.Dispose(disposing);
        }
    }
}
